//! Runs the tools of a project as Polytope does, with processes in namespaces of their own for
//! containers: the steps in their order, the restarts, the mounts, the names and the ports.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_yaml::{Mapping, Value};

use crate::images::image;
use crate::network::{Host, Hub};
use crate::polytope::{Action, Call, Create, Polytope, Restart, Source, Spec};

/// The pause before the first restart, as Docker's.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// How long a container has after SIGTERM, as Docker's default.
const STOP_LIMIT: Duration = Duration::from_secs(10);

/// A project's containers and volumes; all are removed on drop, but the network of the developer's
/// machine only with the process.
pub(crate) struct Engine(Arc<Inner>);

/// What the threads of its steps share.
pub(crate) struct Inner {
    project: PathBuf,
    /// Files of the containers and volumes.
    folder: tempfile::TempDir,
    hub: Hub,
    containers: Mutex<BTreeMap<String, Arc<Container>>>,
    /// Held while a container is made, started or removed, for calls run side by side; whether
    /// no more may be started.
    changing: Mutex<bool>,
    /// The names by which containers reach each other.
    names: Mutex<BTreeMap<String, String>>,
    /// The values of `pt.value` and `pt.secret`.
    values: Mutex<BTreeMap<String, String>>,
    /// The steps that failed after their call had returned.
    failures: Mutex<Vec<String>>,
    /// How many steps have not ended.
    running: Mutex<usize>,
}

/// A container, whether it runs or not.
pub(crate) struct Container {
    spec: Spec,
    host: Host,
    folder: PathBuf,
    current: Mutex<Arc<Run>>,
    /// How often its command was started.
    starts: Arc<AtomicU32>,
    stop_signal: Signal,
}

/// One start of a container, with its restarts.
#[derive(Default)]
pub(crate) struct Run {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// The process that made the container's namespaces.
    process: Option<Pid>,
    restarts: u64,
    is_stopping: bool,
    /// The exit code of its last process, once no other one follows.
    ended: Option<i32>,
}

/// The results of the steps of a call.
type Results = Arc<(Mutex<BTreeMap<String, Result<(), String>>>, Condvar)>;

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Engine {
    /// An engine without containers for a project.
    pub(crate) fn new(project: &Path) -> Self {
        let tmp = Path::new(env!("CARGO_TARGET_TMPDIR")).join("server");
        fs::create_dir_all(&tmp).unwrap();
        remove_stale(&tmp);
        let prefix = format!("run-{}-", std::process::id());
        let folder = tempfile::Builder::new().prefix(&prefix).tempdir_in(tmp);
        let folder = folder.unwrap();
        fs::create_dir_all(folder.path().join("volumes")).unwrap();
        fs::create_dir_all(folder.path().join("logs")).unwrap();
        let engine = Self(Arc::new(Inner {
            project: project.to_owned(),
            folder,
            hub: Hub::new(),
            containers: Mutex::default(),
            changing: Mutex::default(),
            names: Mutex::default(),
            values: Mutex::default(),
            failures: Mutex::default(),
            running: Mutex::default(),
        }));
        engine.write_hosts();
        engine
    }
}

impl std::ops::Deref for Engine {
    type Target = Arc<Inner>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl Inner {
    /// Define a value or a secret.
    pub(crate) fn set_value(&self, name: &str, value: &str) {
        lock(&self.values).insert(name.to_owned(), value.to_owned());
    }

    /// The network of the developer's machine.
    pub(crate) fn hub(&self) -> &Hub {
        &self.hub
    }

    /// The folder of a volume, which need not exist yet.
    pub(crate) fn volume(&self, id: &str) -> PathBuf {
        let folder = self.folder.path().join("volumes").join(id);
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    /// What a container has written.
    pub(crate) fn log(&self, id: &str) -> String {
        let bytes = fs::read(self.log_file(id)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    fn log_file(&self, id: &str) -> PathBuf {
        let logs = self.folder.path().join("logs");
        logs.join(format!("{id}.log"))
    }

    /// Call a tool, and return when the call does.
    pub(crate) fn call(
        self: &Arc<Self>,
        tool: &str,
        given: &[(&str, Value)],
    ) -> Result<(), String> {
        let given = given
            .iter()
            .map(|(name, value)| (Value::from(*name), value.clone()))
            .collect();
        self.run(tool, &given)
    }

    /// Call a tool whose steps may never end, and do not wait for it.
    pub(crate) fn begin(self: &Arc<Self>, tool: &'static str) {
        let inner = Arc::clone(self);
        std::thread::spawn(move || {
            if let Err(error) = inner.call(tool, &[]) {
                lock(&inner.failures).push(error);
            }
        });
    }

    /// Whether no step of any call runs.
    pub(crate) fn is_idle(&self) -> bool {
        *lock(&self.running) == 0
    }

    /// The steps that have failed after their call had returned.
    pub(crate) fn failures(&self) -> Vec<String> {
        lock(&self.failures).clone()
    }

    /// The container that a step of a tool creates, e.g. `temporal.server`.
    pub(crate) fn spec(&self, tool: &str, step: &str) -> Spec {
        let containers = self.polytope().unwrap().run(tool, &[]).unwrap();
        let found = containers
            .into_iter()
            .find(|container| container.step == step);
        found.unwrap().spec
    }

    fn polytope(&self) -> Result<Polytope, String> {
        // The name is the one in `docs/polytope.md`.
        let own = Path::new(env!("CARGO_MANIFEST_DIR")).to_owned();
        let repositories = BTreeMap::from([("gh:OWNER/bluetext", own)]);
        let mut polytope = Polytope::read_with(&self.project, &repositories)?;
        polytope.values.clone_from(&lock(&self.values));
        Ok(polytope)
    }

    fn run(self: &Arc<Self>, tool: &str, given: &Mapping) -> Result<(), String> {
        let Call { steps, awaits } = self.polytope()?.call(tool, given)?;
        let results: Results = Results::default();
        let all: BTreeSet<String> = steps.iter().map(|step| step.id.clone()).collect();
        let awaited = match awaits {
            Some(awaits) => awaits.into_iter().collect(),
            None => all,
        };
        for step in steps {
            let (inner, results) = (Arc::clone(self), Arc::clone(&results));
            let is_awaited = awaited.contains(&step.id);
            let name = format!("{tool}.{}", step.id);
            *lock(&self.running) += 1;
            std::thread::spawn(move || {
                let before = step.after.into_iter().collect();
                let act = || wait(&results, &before).and_then(|()| inner.act(step.action));
                // A test must not wait for a thread that has panicked.
                let acted = std::panic::catch_unwind(std::panic::AssertUnwindSafe(act));
                let result = acted
                    .unwrap_or_else(|_| Err("a panic".to_owned()))
                    .map_err(|error| format!("{name}: {error}"));
                if let (false, Err(error)) = (is_awaited, &result) {
                    lock(&inner.failures).push(error.clone());
                }
                lock(&results.0).insert(step.id, result);
                results.1.notify_all();
                *lock(&inner.running) -= 1;
            });
        }
        wait(&results, &awaited)
    }

    fn act(self: &Arc<Self>, action: Action) -> Result<(), String> {
        match action {
            Action::Container(container) => self.container(container.spec),
            Action::Tool(tool, given) => self.run(&tool, &given),
            // The files are read again: an earlier step may have written them.
            Action::Code(tool) => self.run(&tool, &Mapping::new()),
        }
    }

    /// What a call of `polytope/container` does. A container that runs is restarted.
    pub(crate) fn container(&self, spec: Spec) -> Result<(), String> {
        let changing = lock(&self.changing);
        if *changing {
            return Err("the engine has ended".to_owned());
        }
        let existing = lock(&self.containers).get(&spec.id).cloned();
        let container = match (existing, spec.create) {
            (Some(existing), Create::WhenMissing | Create::Never) => {
                existing.stop();
                existing
            }
            (None, Create::Never) => return Err(format!("no container `{}`", spec.id)),
            (existing, _) => {
                if existing.is_some() {
                    self.remove_held(&spec.id);
                }
                self.made(spec)?
            }
        };
        let command = self.command(&container)?;
        let run = container.start(command);
        drop(changing);
        if container.spec.ends_once_running {
            return Ok(());
        }
        match run.wait() {
            0 => Ok(()),
            // Another call has taken over. Nothing follows a one-shot that was stopped.
            _ if container.spec.restart == Restart::Always && lock(&run.state).is_stopping => {
                Ok(())
            }
            code => Err(format!(
                "exit code {code}: {}",
                self.log(&container.spec.id)
            )),
        }
    }

    fn made(&self, spec: Spec) -> Result<Arc<Container>, String> {
        let id = spec.id.clone();
        let stop_signal = image(&spec.image).stop_signal.unwrap_or(Signal::TERM);
        let folder = self.folder.path().join("containers").join(&id);
        drop(fs::remove_dir_all(&folder));
        fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
        let host = self.hub.host();
        let mut names = lock(&self.names);
        names.insert(id.clone(), host.address.to_string());
        for service in &spec.services {
            names.insert(service.id.clone(), host.address.to_string());
            for (inside, outside) in &service.ports {
                let target = SocketAddr::from((host.address, *inside));
                self.hub.forward(*outside, target);
            }
        }
        drop(names);
        self.write_hosts();
        let container = Arc::new(Container {
            spec,
            host,
            folder,
            current: Mutex::default(),
            starts: Arc::default(),
            stop_signal,
        });
        lock(&self.containers).insert(id, Arc::clone(&container));
        Ok(container)
    }

    /// The command that runs a container.
    fn command(&self, container: &Container) -> Result<Command, String> {
        let spec = &container.spec;
        let image = image(&spec.image);
        let mut mounts = image.files;
        mounts.push((self.hosts_file(), "/etc/hosts".to_owned()));
        for (number, (path, source)) in spec.mounts.iter().enumerate() {
            let source = match source {
                Source::Host(path) | Source::Root(path) => self.project.join(path),
                Source::Repo(path) => path.clone(),
                Source::Volume(id) => self.volume(id),
                Source::Text(text) => {
                    let file = container.folder.join(format!("literal-{number}"));
                    written(&file, text).map_err(|error| error.to_string())?;
                    file
                }
            };
            let source = source
                .canonicalize()
                .map_err(|error| format!("{}: {error}", source.display()))?;
            mounts.push((source, path.clone()));
        }
        let lines: String = mounts
            .iter()
            .map(|(source, path)| format!("{}\t{path}\n", source.display()))
            .collect();
        written(&container.folder.join("mounts"), &lines).map_err(|error| error.to_string())?;
        let entrypoint = spec.entrypoint.as_ref();
        // Another entrypoint removes the image's command.
        let default_cmd = if entrypoint.is_none() {
            image.cmd
        } else {
            Vec::new()
        };
        let cmd = if spec.cmd.is_empty() {
            &default_cmd
        } else {
            &spec.cmd
        };
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/server/container.sh");
        let mut command = Command::new("setpriv");
        command
            .args(["--pdeathsig", "KILL", "unshare"])
            .args([
                "--mount",
                "--pid",
                "--ipc",
                "--uts",
                "--fork",
                "--kill-child",
            ])
            .args(["/bin/sh".as_ref(), script.as_os_str()])
            .arg(&container.folder)
            .args([&spec.id, &image.user.to_string()])
            .arg(spec.workdir.as_deref().unwrap_or(&image.workdir))
            .args(entrypoint.unwrap_or(&image.entrypoint))
            .args(cmd);
        let mut command = container.host.inside(&command);
        let log = fs::File::options()
            .create(true)
            .append(true)
            .open(self.log_file(&spec.id));
        let log = log.map_err(|error| error.to_string())?;
        command
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin")
            .env("HOME", if image.user == 0 { "/root" } else { "/tmp" })
            .envs(image.env)
            .envs(spec.env.iter().map(|(name, value)| (name, value)))
            .stdout(log.try_clone().map_err(|error| error.to_string())?)
            .stderr(log)
            .stdin(Stdio::null());
        Ok(command)
    }

    fn hosts_file(&self) -> PathBuf {
        self.folder.path().join("hosts")
    }

    /// Write the file that all containers have mounted at `/etc/hosts`.
    fn write_hosts(&self) {
        let names = lock(&self.names);
        let lines: String = names
            .iter()
            .map(|(name, address)| format!("{address} {name}\n"))
            .collect();
        let text = format!("127.0.0.1 localhost\n{lines}");
        // In place, because a mount shows the file that it was given, and never empty, because it
        // may be read at this moment.
        let file = fs::File::options()
            .create(true)
            .write(true)
            .truncate(false)
            .open(self.hosts_file());
        let mut file = file.unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file.set_len(text.len() as u64).unwrap();
    }

    pub(crate) fn get(&self, id: &str) -> Arc<Container> {
        let containers = lock(&self.containers);
        let container = containers.get(id).cloned();
        container.unwrap_or_else(|| panic!("no container `{id}`: {:?}", containers.keys()))
    }

    /// Stop and remove a container; volumes stay.
    pub(crate) fn remove(&self, id: &str) {
        let _changing = lock(&self.changing);
        self.remove_held(id);
    }

    fn remove_held(&self, id: &str) {
        let container = lock(&self.containers).remove(id);
        if let Some(container) = container {
            container.stop();
        }
    }

    /// Stop and remove all containers, the newest first; volumes stay.
    pub(crate) fn remove_all(&self) {
        let mut containers: Vec<Arc<Container>> =
            lock(&self.containers).values().cloned().collect();
        containers.sort_by_key(|container| container.host.address);
        for container in containers.iter().rev() {
            self.remove(&container.spec.id);
        }
    }

    /// Whether a container can connect to a port of a service.
    pub(crate) fn can_reach(&self, id: &str, service: &str, port: u16) -> bool {
        let address = lock(&self.names)[service].clone();
        let mut connect = Command::new("timeout");
        connect.args(["1", "bash", "-c", &format!(": </dev/tcp/{address}/{port}")]);
        let output = self.get(id).host.inside(&connect).output().unwrap();
        output.status.success()
    }

    /// Disconnect a container from the network, or connect it again, with "down" or "up".
    pub(crate) fn set_cable(&self, id: &str, state: &str) {
        self.hub.set_cable(&self.get(id).host, state);
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        *lock(&self.changing) = true;
        for container in lock(&self.containers).values() {
            container.end(Signal::KILL, Duration::ZERO);
        }
        if let Some(folder) = std::env::var_os("BLUETEXT_SERVER_LOGS") {
            let mut copy = Command::new("cp");
            copy.arg("-R").arg(self.folder.path().join("logs"));
            let name = self.folder.path().file_name().unwrap();
            if let Err(error) = copy.arg(Path::new(&folder).join(name)).status() {
                eprintln!("{error}");
            }
        } else if std::thread::panicking() {
            for id in lock(&self.containers).keys() {
                eprintln!("----- {id} -----\n{}", self.log(id));
            }
        }
    }
}

/// Wait for steps to succeed.
fn wait(results: &Results, steps: &BTreeSet<String>) -> Result<(), String> {
    let mut ended = lock(&results.0);
    loop {
        let failed = steps.iter().find_map(|step| ended.get(step)?.clone().err());
        if let Some(error) = failed {
            return Err(error);
        }
        if steps.iter().all(|step| ended.contains_key(step)) {
            return Ok(());
        }
        ended = results
            .1
            .wait(ended)
            .unwrap_or_else(PoisonError::into_inner);
    }
}

impl Container {
    /// Run the command, again and again as its policy says.
    fn start(&self, command: Command) -> Arc<Run> {
        let run = Arc::new(Run::default());
        *lock(&self.current) = Arc::clone(&run);
        let (supervised, policy) = (Arc::clone(&run), self.spec.restart);
        let starts = Arc::clone(&self.starts);
        std::thread::spawn(move || supervised.supervise(command, policy, &starts));
        run
    }

    /// How often its command was started.
    pub(crate) fn starts(&self) -> u32 {
        self.starts.load(Ordering::SeqCst)
    }

    /// Send a signal to its first process; its policy applies.
    pub(crate) fn signal(&self, signal: Signal) {
        lock(&self.current).signal(signal);
    }

    /// Stop it as Docker does, without a restart.
    pub(crate) fn stop(&self) {
        self.end(self.stop_signal, STOP_LIMIT);
    }

    /// Send a signal to its first process, and kill it after a time; it is not restarted.
    fn end(&self, signal: Signal, limit: Duration) {
        let run = Arc::clone(&lock(&self.current));
        lock(&run.state).is_stopping = true;
        run.changed.notify_all();
        run.signal(signal);
        let until = Instant::now() + limit;
        while lock(&run.state).ended.is_none() {
            // Again and again: it may not have a first process yet.
            if Instant::now() >= until {
                run.signal(Signal::KILL);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Run {
    /// Start the processes, all from this thread: they end with it.
    fn supervise(&self, mut command: Command, policy: Restart, starts: &AtomicU32) {
        let mut pause = FIRST_PAUSE;
        loop {
            let started = Instant::now();
            let mut child = {
                let mut state = lock(&self.state);
                if state.is_stopping {
                    return self.end(state, 128 + Signal::KILL.as_raw());
                }
                let child = match command.spawn() {
                    Ok(child) => child,
                    Err(error) => {
                        eprintln!("{command:?}: {error}");
                        return self.end(state, 127);
                    }
                };
                state.process = Some(pid(child.id()));
                starts.fetch_add(1, Ordering::SeqCst);
                child
            };
            let status = child.wait().unwrap();
            let code = status
                .code()
                .unwrap_or_else(|| 128 + status.signal().unwrap());
            let restarts = {
                let mut state = lock(&self.state);
                state.process = None;
                state.restarts
            };
            let again = match policy {
                Restart::Never => false,
                Restart::Always => true,
                Restart::OnFailure(limit) => code != 0 && limit.is_none_or(|most| restarts < most),
            };
            let mut state = lock(&self.state);
            if again {
                // As Docker does: longer each time, unless it ran for 10 s.
                if started.elapsed() > Duration::from_secs(10) {
                    pause = FIRST_PAUSE;
                }
                let waited = self
                    .changed
                    .wait_timeout_while(state, pause, |state| !state.is_stopping);
                state = waited.unwrap_or_else(PoisonError::into_inner).0;
                pause = (pause * 2).min(Duration::from_mins(1));
            }
            if state.is_stopping || !again {
                return self.end(state, code);
            }
            state.restarts += 1;
        }
    }

    /// No other process follows.
    fn end(&self, mut state: MutexGuard<'_, State>, code: i32) {
        state.ended = Some(code);
        self.changed.notify_all();
    }

    fn wait(&self) -> i32 {
        let mut state = lock(&self.state);
        loop {
            if let Some(code) = state.ended {
                return code;
            }
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn signal(&self, signal: Signal) {
        let process = lock(&self.state).process;
        if let Some(first) = process.and_then(child_of) {
            let _ = kill_process(first, signal);
        }
    }
}

/// Remove the folders of runs that were killed.
fn remove_stale(folder: &Path) {
    for run in fs::read_dir(folder).unwrap() {
        let run = run.unwrap();
        let name = run.file_name().into_string().unwrap();
        let process = name
            .strip_prefix("run-")
            .and_then(|rest| rest.split_once('-'));
        if process.is_some_and(|(id, _)| !Path::new("/proc").join(id).exists()) {
            drop(fs::remove_dir_all(run.path()));
        }
    }
}

fn written(path: &Path, text: &str) -> std::io::Result<()> {
    fs::File::create(path)?.write_all(text.as_bytes())
}

fn pid(id: u32) -> Pid {
    Pid::from_raw(i32::try_from(id).unwrap()).unwrap()
}

/// The first process of the name space that a process has made. Once it has ended, all others of
/// the name space have.
fn child_of(parent: Pid) -> Option<Pid> {
    let id = parent.as_raw_nonzero();
    let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).ok()?;
    Pid::from_raw(children.split(' ').next()?.parse().ok()?)
}
