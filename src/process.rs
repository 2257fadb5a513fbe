//! Runs programs to completion or in the background, and ends them together with their child
//! processes, also when this program is interrupted.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

/// Set by Ctrl-C and SIGTERM.
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Maximum time for a process to shut down.
const STOP_LIMIT: Duration = Duration::from_secs(15);

/// From now on, record Ctrl-C and SIGTERM instead of ending this program.
pub(crate) fn catch_interrupts() -> anyhow::Result<()> {
    match ctrlc::set_handler(interrupt) {
        // This handler is the only one in the program.
        Ok(()) | Err(ctrlc::Error::MultipleHandlers) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// When the programs of a command are ended early.
#[derive(Debug, Clone, Default)]
pub struct Limits {
    until: Option<Instant>,
    cancelled: Arc<AtomicBool>,
}

impl Limits {
    /// The same, but with at most so much time from now on.
    #[must_use]
    pub(crate) fn at_most(&self, time: Duration) -> Self {
        let until = Instant::now() + time;
        Self {
            until: Some(self.until.map_or(until, |own| own.min(until))),
            cancelled: self.cancelled.clone(),
        }
    }

    /// End what has these limits, before its time is over.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::SeqCst);
    }

    /// Why what has these limits must end, as the rest of a sentence about it; `None` if it may
    /// go on.
    pub(crate) fn reason(&self) -> Option<&'static str> {
        if is_interrupted() {
            return Some("was interrupted");
        }
        if self.cancelled.load(Ordering::SeqCst) {
            return Some("was cancelled");
        }
        let is_late = self.until.is_some_and(|until| Instant::now() > until);
        is_late.then_some("did not end in time")
    }

    /// Whether its end was asked for.
    pub(crate) fn is_cancelled(&self) -> bool {
        is_interrupted() || self.cancelled.load(Ordering::SeqCst)
    }
}

/// The output of a program that has ended.
pub(crate) struct Ended {
    pub(crate) status: std::process::ExitStatus,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
}

impl Ended {
    /// The last lines of the output: those of stderr, or else of stdout.
    pub(crate) fn last_lines(&self, count: usize) -> Vec<String> {
        let text = if self.stderr.trim_ascii().is_empty() {
            &self.stdout
        } else {
            &self.stderr
        };
        let text = String::from_utf8_lossy(text);
        let lines: Vec<&str> = text.trim().lines().collect();
        last(&lines, count)
            .iter()
            .map(|line| (*line).to_owned())
            .collect()
    }
}

/// The last items, at most so many.
pub(crate) fn last<T>(items: &[T], count: usize) -> &[T] {
    &items[items.len().saturating_sub(count)..]
}

/// Run a program to completion and return its output; on failure, the error contains the last
/// lines of the output.
pub(crate) fn finish(command: Command, what: &str, limits: &Limits) -> anyhow::Result<Vec<u8>> {
    let ended = run(command, what, limits)?;
    if ended.status.success() {
        return Ok(ended.stdout);
    }
    let last = ended.last_lines(12).join("\n  ");
    bail!("`{what}` failed ({}):\n  {last}", ended.status)
}

/// Run a program to completion, whether it succeeds or not.
pub(crate) fn run(mut command: Command, what: &str, limits: &Limits) -> anyhow::Result<Ended> {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = spawn(&mut command, what)?;
    let id = child.id();
    let stdout = child.stdout.take().map(read_to_end);
    let stderr = child.stderr.take().map(read_to_end);
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if let Some(reason) = limits.reason() {
            end_group(id, true);
            drop(child.wait());
            bail!("`{what}` {reason}");
        }
        std::thread::sleep(Duration::from_millis(10));
    };
    // What it has left running would keep the output open.
    end_group(id, true);
    let text = |stream: Option<Receiver<Vec<u8>>>| {
        let read = stream.and_then(|stream| stream.recv_timeout(STOP_LIMIT).ok());
        read.unwrap_or_default()
    };
    let (stdout, stderr) = (text(stdout), text(stderr));
    Ok(Ended {
        status,
        stdout,
        stderr,
    })
}

/// Start a program in a process group of its own.
fn spawn(command: &mut Command, what: &str) -> anyhow::Result<Child> {
    in_own_group(command);
    command
        .spawn()
        .with_context(|| format!("`{what}` cannot be started"))
}

/// Read a stream in a thread.
fn read_to_end(mut stream: impl Read + Send + 'static) -> Receiver<Vec<u8>> {
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        drop(stream.read_to_end(&mut bytes));
        drop(sender.send(bytes));
    });
    receiver
}

/// The last lines that a process has written.
#[derive(Debug, Clone, Default)]
pub(crate) struct Log(Arc<Mutex<VecDeque<String>>>);

impl Log {
    /// The number of lines that are kept.
    const MAX_LINES: usize = 400;

    /// Read a stream to its end, in a thread.
    fn follow(&self, stream: impl Read + Send + 'static) {
        let log = self.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(stream).split(b'\n').map_while(Result::ok) {
                let mut lines = log.0.lock().unwrap_or_else(PoisonError::into_inner);
                if lines.len() == Self::MAX_LINES {
                    lines.pop_front();
                }
                lines.push_back(String::from_utf8_lossy(&line).trim_end().to_owned());
            }
        });
    }

    /// The lines that are kept.
    pub(crate) fn lines(&self) -> Vec<String> {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().cloned().collect()
    }
}

/// A process in the background, ended when this is dropped.
pub(crate) struct Process {
    child: Child,
}

impl Process {
    /// Start a process that writes its errors to stderr.
    pub(crate) fn start(command: &mut Command) -> anyhow::Result<Self> {
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::inherit());
        let program = command.get_program().display().to_string();
        let child = spawn(command, &program)?;
        Ok(Self { child })
    }

    /// Start a process and keep what it writes.
    pub(crate) fn start_with_log(command: &mut Command) -> anyhow::Result<(Self, Log)> {
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let program = command.get_program().display().to_string();
        let mut child = spawn(command, &program)?;
        let log = Log::default();
        if let Some(stream) = child.stdout.take() {
            log.follow(stream);
        }
        if let Some(stream) = child.stderr.take() {
            log.follow(stream);
        }
        Ok((Self { child }, log))
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
        // What it has left running ends with it, in `drop`.
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let is_running = self.ended().is_none();
        end_group(self.child.id(), true);
        if is_running {
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

/// End all programs that are run, as Ctrl-C does.
pub(crate) fn interrupt() {
    INTERRUPTED.store(true, Ordering::SeqCst);
}

pub(crate) fn is_interrupted() -> bool {
    INTERRUPTED.load(Ordering::SeqCst)
}
