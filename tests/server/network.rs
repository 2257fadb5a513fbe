//! The network of the containers: each has a network namespace with an address of its own, on a
//! bridge in the namespace of the developer's machine, the hub.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use crate::namespace::Namespace;

/// The developer's machine and the containers' bridge.
pub(crate) struct Hub {
    namespace: Namespace,
    /// Begins the names of the namespaces: unique on this machine.
    prefix: String,
    hosts: Mutex<u8>,
    /// The ports on the developer's machine, and where their connections go.
    forwarded: Mutex<BTreeMap<u16, Arc<Mutex<SocketAddr>>>>,
}

/// The place of a container in the network.
pub(crate) struct Host {
    namespace: Namespace,
    pub(crate) address: Ipv4Addr,
    /// The hub's end of its cable.
    link: String,
}

impl Hub {
    pub(crate) fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(1);
        let number = NUMBER.fetch_add(1, Ordering::SeqCst);
        remove_stale();
        let prefix = format!("bt{}-{number}", std::process::id());
        let namespace = Namespace::new(&format!("{prefix}-hub"));
        let namespace = namespace.expect("these tests must be allowed to use `ip netns add`");
        namespace.ip(&["link", "add", "bridge", "type", "bridge"]);
        namespace.ip(&["addr", "add", "10.77.0.1/24", "dev", "bridge"]);
        namespace.set_link("bridge", "up");
        Self {
            namespace,
            prefix,
            hosts: Mutex::new(1),
            forwarded: Mutex::new(BTreeMap::new()),
        }
    }

    /// A new host on the bridge.
    pub(crate) fn host(&self) -> Host {
        let mut hosts = self.hosts.lock().unwrap();
        *hosts += 1;
        let number = *hosts;
        let namespace = Namespace::new(&format!("{}-{number}", self.prefix)).unwrap();
        let link = format!("to{number}");
        let address = Ipv4Addr::new(10, 77, 0, number);
        let peer = ["peer", "name", "eth0", "netns", &namespace.0];
        self.namespace
            .ip(&[&["link", "add", &link, "type", "veth"][..], &peer].concat());
        self.namespace
            .ip(&["link", "set", &link, "master", "bridge"]);
        namespace.ip(&["addr", "add", &format!("{address}/24"), "dev", "eth0"]);
        namespace.set_link("eth0", "up");
        self.namespace.set_link(&link, "up");
        Host {
            namespace,
            address,
            link,
        }
    }

    /// Plug a host's cable in or out, with "up" or "down".
    pub(crate) fn set_cable(&self, host: &Host, state: &str) {
        self.namespace.set_link(&host.link, state);
    }

    /// The same command, run on the developer's machine.
    pub(crate) fn inside(&self, command: &Command) -> Command {
        self.namespace.inside(command)
    }

    /// Run a closure whose new connections are made from the developer's machine.
    pub(crate) fn run<T: Send>(&self, job: impl FnOnce() -> T + Send) -> T {
        let file = std::fs::File::open(format!("/run/netns/{}", self.namespace.0)).unwrap();
        std::thread::scope(|scope| {
            let thread = scope.spawn(|| {
                // Holds for this thread, and for those that it starts.
                let kind = Some(LinkNameSpaceType::Network);
                move_into_link_name_space(file.as_fd(), kind).unwrap();
                job()
            });
            thread.join().unwrap()
        })
    }

    /// Connections to a port of the developer's machine go to a container from now on.
    pub(crate) fn forward(&self, port: u16, target: SocketAddr) {
        let mut forwarded = self.forwarded.lock().unwrap();
        if let Some(current) = forwarded.get(&port) {
            *current.lock().unwrap() = target;
            return;
        }
        let target = Arc::new(Mutex::new(target));
        forwarded.insert(port, Arc::clone(&target));
        self.run(move || {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
            std::thread::spawn(move || {
                for stream in listener.incoming() {
                    let to = *target.lock().unwrap();
                    std::thread::spawn(move || connect(&stream?, to));
                }
            });
        });
    }
}

/// Remove the namespaces of runs that were killed.
fn remove_stale() {
    let Ok(names) = std::fs::read_dir("/run/netns") else {
        return;
    };
    for name in names {
        let name = name.unwrap().file_name().into_string().unwrap();
        let process = name
            .strip_prefix("bt")
            .and_then(|rest| rest.split_once('-'));
        let Some((process, _)) = process else {
            continue;
        };
        let is_number = process.bytes().all(|byte| byte.is_ascii_digit());
        if is_number && !std::path::Path::new("/proc").join(process).exists() {
            drop(Namespace(name));
        }
    }
}

/// Copy both directions of a connection until both have ended.
fn connect(near: &TcpStream, to: SocketAddr) -> io::Result<()> {
    let far = TcpStream::connect(to)?;
    let copy = |mut from: &TcpStream, mut to: &TcpStream| {
        let copied = io::copy(&mut from, &mut to);
        to.shutdown(std::net::Shutdown::Write).and(copied)
    };
    std::thread::scope(|scope| {
        scope.spawn(|| copy(near, &far));
        copy(&far, near)
    })?;
    Ok(())
}

impl Host {
    /// The same command, run on this host.
    pub(crate) fn inside(&self, command: &Command) -> Command {
        self.namespace.inside(command)
    }
}
