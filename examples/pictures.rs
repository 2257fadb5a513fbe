//! Generates the terminal images in the documents from real runs in empty folders, in a terminal
//! of 80 columns: `cargo run --example pictures`. Needs `script`, of util-linux.
#![allow(
    clippy::unwrap_used,
    reason = "a picture that cannot be made says where"
)]
#![allow(clippy::print_stdout, reason = "it says what it has made")]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The commands to run, in order.
const COMMANDS: [&[&str]; 4] = [
    &["add-temporal"],
    &["add-temporal-client"],
    &[
        "add-temporal-workflow",
        "order-processing",
        "--input",
        "order_id:str",
        "--activity",
        "reserve,charge",
    ],
    &["status"],
];

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let project = folder.path().canonicalize().unwrap();
    let mut session = String::new();
    for arguments in COMMANDS {
        let line = arguments.join(" ");
        let shown = in_terminal(&line, &project);
        session.push_str(&format!("\u{1b}[2m$\u{1b}[0m bluetext {line}\n{shown}\n"));
    }
    draw("session", &session);

    // Has the same requirements as `bluetext demo`. Its progress redraws lines of a terminal.
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().canonicalize().unwrap();
    let output = Command::new(program())
        .args(["--color", "always", "demo", "--once"])
        .current_dir(&folder)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let [shown, progress] = [output.stdout, output.stderr].map(|bytes| text(&bytes, &folder));
    // The last line of the progress comes after the result.
    let (steps, end) = progress.trim_end().rsplit_once('\n').unwrap();
    draw(
        "demo",
        &format!("\u{1b}[2m$\u{1b}[0m bluetext demo --once\n{steps}\n{shown}{end}\n"),
    );
}

/// The program next to this example, built by `cargo build`.
fn program() -> PathBuf {
    let example = std::env::current_exe().unwrap();
    example.ancestors().nth(2).unwrap().join("bluetext")
}

/// What a command shows in a terminal.
fn in_terminal(line: &str, folder: &Path) -> String {
    let program = program();
    let command = format!(
        "stty cols 80 rows 50 && exec '{}' {line}",
        program.display()
    );
    let output = Command::new("script")
        .args(["--quiet", "--return", "--command", &command, "/dev/null"])
        .current_dir(folder)
        .env("TERM", "xterm-256color")
        .env("BLUETEXT_NO_START", "1")
        .output()
        .unwrap();
    assert!(output.status.success(), "{line}: {output:?}");
    text(&output.stdout, folder).replace('\r', "")
}

fn text(bytes: &[u8], folder: &Path) -> String {
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    text.replace(folder.to_str().unwrap(), "~/shop")
}

fn draw(name: &str, session: &str) {
    let picture = anstyle_svg::Term::new().render_svg(session.trim_end());
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("docs/pictures/{name}.svg"));
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    let mut file = std::fs::File::create(&file).unwrap();
    file.write_all(picture.as_bytes()).unwrap();
    println!("docs/pictures/{name}.svg");
}
