//! The wheel and the source distribution: built as for a release, and installed in clean
//! environments.
//!
//! Runs with `BLUETEXT_WHEEL=1` only: it compiles the program twice.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]
#![allow(clippy::print_stderr, reason = "what was left out is said")]

mod common;
#[path = "common/real.rs"]
mod real;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use common::Project;
use real::{Tools, environment, finish, python};

/// What builds the wheel.
const BUILDERS: &[&str] = &["maturin==1.*", "ziglang==0.15.*", "pipx==1.*"];

/// The newest symbol version of the C library that `manylinux2014` allows.
const MANYLINUX: (u32, u32) = (2, 17);

fn folder() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("wheel")
}

/// The only file in a folder with this ending.
fn only(folder: &Path, ending: &str) -> PathBuf {
    let files = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let found: Vec<PathBuf> = files
        .filter(|path| path.to_str().unwrap().ends_with(ending))
        .collect();
    assert_eq!(found.len(), 1, "{found:?}");
    found.into_iter().next().unwrap()
}

/// Build both distributions; the wheel is built from what the source distribution has.
fn distributions() -> (PathBuf, PathBuf) {
    let folder = folder();
    let scripts = environment(&folder.join("tools"), BUILDERS, |_| {});
    let out = folder.join("dist");
    drop(fs::remove_dir_all(&out));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let paths = std::iter::once(scripts.clone()).chain(std::env::split_paths(&path));
    let mut maturin = Command::new(scripts.join("maturin"));
    maturin.args([
        "build",
        "--release",
        "--locked",
        "--zig",
        "--sdist",
        "--out",
    ]);
    maturin
        .arg(&out)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("PATH", std::env::join_paths(paths).unwrap())
        .env("CARGO_TARGET_DIR", folder.join("target"));
    finish(&mut maturin);
    (only(&out, ".whl"), only(&out, ".tar.gz"))
}

/// A clean virtual environment.
fn clean(name: &str) -> PathBuf {
    let folder = folder().join(name);
    drop(fs::remove_dir_all(&folder));
    finish(Command::new(python()).args(["-m", "venv"]).arg(&folder));
    folder.join("bin")
}

fn pip(scripts: &Path) -> Command {
    let mut pip = Command::new(scripts.join("python"));
    pip.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
    ]);
    pip
}

/// The versions of the C library's symbols that a program needs.
fn needed(program: &[u8]) -> Vec<(u32, u32)> {
    const PREFIX: &[u8] = b"GLIBC_";
    let mut versions = Vec::new();
    for (at, _) in program
        .windows(PREFIX.len())
        .enumerate()
        .filter(|(_, window)| *window == PREFIX)
    {
        let rest = &program[at + PREFIX.len()..];
        let text: String = rest
            .iter()
            .take_while(|byte| byte.is_ascii_digit() || **byte == b'.')
            .map(|byte| char::from(*byte))
            .collect();
        let mut parts = text.split('.').map(|part| part.parse().unwrap_or(0));
        versions.push((parts.next().unwrap_or(0), parts.next().unwrap_or(0)));
    }
    versions
}

/// The three steps with an installed program.
fn works(program: &Path) {
    let version = finish(Command::new(program).arg("--version"));
    assert_eq!(version, format!("bluetext {}\n", env!("CARGO_PKG_VERSION")));
    let project = Project::empty();
    for step in [
        &["add-temporal", "--no-start"][..],
        &["add-temporal-client"],
        &["add-temporal-workflow", "greeting"],
        &["check"],
    ] {
        finish(Command::new(program).args(step).current_dir(project.path()));
    }
    let status = Command::new(program)
        .args(["status", "--check"])
        .current_dir(project.path())
        .output()
        .unwrap();
    assert!(status.status.success(), "{status:?}");
}

#[test]
fn the_distributions_can_be_installed() {
    if std::env::var_os("BLUETEXT_WHEEL").is_none_or(|value| value != "1") {
        eprintln!("left out, for BLUETEXT_WHEEL=1 is not set");
        return;
    }
    let (wheel, source) = distributions();
    let version = env!("CARGO_PKG_VERSION");
    let architecture = std::env::consts::ARCH;
    assert_eq!(
        wheel.file_name().unwrap().to_str().unwrap(),
        format!(
            "bluetext-{version}-py3-none-manylinux2014_{architecture}.manylinux_2_17_{architecture}.whl"
        )
    );

    // pip, without an index.
    let scripts = clean("pip");
    finish(pip(&scripts).arg("--no-index").arg(&wheel));
    let program = scripts.join("bluetext");
    works(&program);
    let newest = needed(&fs::read(&program).unwrap()).into_iter().max();
    assert!(
        newest.is_some_and(|newest| newest <= MANYLINUX),
        "{newest:?}"
    );
    let installed = finish(Command::new(scripts.join("python")).args([
        "-c",
        "from importlib.metadata import files, metadata\n\
         print(*sorted(map(str, files('bluetext'))), sep='\\n')\n\
         print(metadata('bluetext')['License-Expression'], metadata('bluetext')['Requires-Dist'])",
    ]));
    assert_eq!(
        installed,
        format!(
            "../../../bin/bluetext\n\
             bluetext-{version}.dist-info/INSTALLER\n\
             bluetext-{version}.dist-info/METADATA\n\
             bluetext-{version}.dist-info/RECORD\n\
             bluetext-{version}.dist-info/REQUESTED\n\
             bluetext-{version}.dist-info/WHEEL\n\
             bluetext-{version}.dist-info/direct_url.json\n\
             bluetext-{version}.dist-info/licenses/LICENSE\n\
             bluetext-{version}.dist-info/sboms/bluetext.cyclonedx.json\n\
             MIT None\n"
        )
    );

    // uvx, with the command that the generated `polytope.yml` has, in a project whose own settings
    // of uv and Python are for something else.
    let project = Project::with(&[
        ("uv.toml", "required-version = \"==0.1.0\"\n"),
        (".python-version", "3.8\n"),
        (
            "pyproject.toml",
            "[project]\nname = \"shop\"\nversion = \"1\"\nrequires-python = \">=4\"\n",
        ),
        ("bluetext.py", "raise SystemExit(1)\n"),
    ]);
    let mut uvx = Tools::get().command("uvx", &project.path());
    uvx.args(["--no-index", "--find-links"])
        .arg(wheel.parent().unwrap())
        .args([&format!("bluetext=={version}"), "--version"]);
    assert_eq!(finish(&mut uvx), format!("bluetext {version}\n"));

    // pipx.
    let home = folder().join("pipx");
    drop(fs::remove_dir_all(&home));
    let mut pipx = Command::new(folder().join("tools/bin/pipx"));
    pipx.args(["install", "--quiet"])
        .arg(&wheel)
        .env("PIPX_HOME", &home)
        .env("PIPX_BIN_DIR", home.join("bin"))
        .env("PIPX_DEFAULT_PYTHON", python());
    finish(&mut pipx);
    works(&home.join("bin/bluetext"));

    // From source. A debug build, for the sake of time.
    let scripts = clean("source");
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    finish(
        pip(&scripts)
            .arg(&source)
            .env("MATURIN_PEP517_ARGS", "--profile dev")
            .env("CARGO_TARGET_DIR", target),
    );
    works(&scripts.join("bluetext"));
}
