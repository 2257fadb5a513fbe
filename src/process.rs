//! Runs programs to completion or in the background, and ends them together with their child
//! processes, also when this program is interrupted.

use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

/// Set by Ctrl-C and SIGTERM.
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Maximum time for a process to shut down.
const STOP_LIMIT: Duration = Duration::from_secs(15);

/// From now on, record Ctrl-C and SIGTERM instead of ending this program.
pub(crate) fn catch_interrupts() -> anyhow::Result<()> {
    match ctrlc::set_handler(|| INTERRUPTED.store(true, Ordering::SeqCst)) {
        // This handler is the only one in the program.
        Ok(()) | Err(ctrlc::Error::MultipleHandlers) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Run a program to completion and return its output; on failure, the error contains the last
/// lines of the output.
pub(crate) fn finish(mut command: Command, what: &str) -> anyhow::Result<Vec<u8>> {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    in_own_group(&mut command);
    let child = command
        .spawn()
        .with_context(|| format!("`{what}` cannot be started"))?;
    let id = child.id();
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || sender.send(child.wait_with_output()));
    let output = loop {
        match receiver.recv_timeout(Duration::from_millis(50)) {
            Ok(output) => break output?,
            Err(_) if is_interrupted() => {
                end_group(id, true);
                bail!("`{what}` was interrupted");
            }
            Err(_) => {}
        }
    };
    if output.status.success() {
        return Ok(output.stdout);
    }
    let text = [output.stderr, output.stdout].concat();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.trim().lines().collect();
    let last = lines[lines.len().saturating_sub(12)..].join("\n  ");
    bail!("`{what}` failed ({}):\n  {last}", output.status)
}

/// A process in the background, ended when this is dropped.
pub(crate) struct Process {
    child: Child,
}

impl Process {
    pub(crate) fn start(command: &mut Command) -> anyhow::Result<Self> {
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::inherit());
        in_own_group(command);
        let program = command.get_program().display().to_string();
        let child = command
            .spawn()
            .with_context(|| format!("`{program}` cannot be started"))?;
        Ok(Self { child })
    }

    pub(crate) fn ended(&mut self) -> Option<std::process::ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Ask the process to end, and wait until it has ended.
    pub(crate) fn stop(mut self) {
        end_group(self.child.id(), false);
        let until = Instant::now() + STOP_LIMIT;
        while Instant::now() < until && self.ended().is_none() {
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.ended().is_none() {
            end_group(self.child.id(), true);
            drop(self.child.kill());
            drop(self.child.wait());
        }
    }
}

/// Ctrl-C in a terminal signals the whole foreground process group. Child processes get a
/// group of their own, so that they can be ended in order.
pub(crate) fn in_own_group(command: &mut Command) {
    #[cfg(unix)]
    {
        use std::os::unix::process::CommandExt;
        command.process_group(0);
    }
    #[cfg(not(unix))]
    let _ = command;
}

pub(crate) fn end_group(id: u32, at_once: bool) {
    #[cfg(unix)]
    {
        use rustix::process::{Pid, Signal, kill_process_group};
        let signal = if at_once { Signal::KILL } else { Signal::TERM };
        let pid = i32::try_from(id).ok().and_then(Pid::from_raw);
        if let Some(pid) = pid {
            // The process may have ended already.
            let _ = kill_process_group(pid, signal);
        }
    }
    #[cfg(not(unix))]
    let _ = (id, at_once);
}

pub(crate) fn is_interrupted() -> bool {
    INTERRUPTED.load(Ordering::SeqCst)
}
