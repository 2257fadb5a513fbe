//! Makes the picture of the terminal in the documents, from real runs in an empty folder:
//! `cargo run --example pictures`.
#![allow(
    clippy::unwrap_used,
    reason = "a picture that cannot be made says where"
)]
#![allow(clippy::print_stdout, reason = "it says what it has made")]

use std::io::Write;
use std::path::Path;
use std::process::Command;

/// What is typed, in its order.
const COMMANDS: [&[&str]; 4] = [
    &["add-temporal"],
    &["add-temporal-client", "--quiet"],
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
    // Beside this example stands the program, built by the same command.
    let program = std::env::current_exe().unwrap();
    let program = program.ancestors().nth(2).unwrap().join("bluetext");
    let mut session = String::new();
    for arguments in COMMANDS {
        let output = Command::new(&program)
            .args(["--color", "always"])
            .args(arguments)
            .current_dir(&project)
            .env("BLUETEXT_NO_START", "1")
            .output()
            .unwrap();
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        let shown = String::from_utf8(output.stdout).unwrap();
        let shown = shown.replace(project.to_str().unwrap(), "~/shop");
        let line = arguments.join(" ");
        session.push_str(&format!("\u{1b}[2m$\u{1b}[0m bluetext {line}\n{shown}\n"));
    }
    let picture = anstyle_svg::Term::new().render_svg(session.trim_end());
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/pictures/session.svg");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    let mut file = std::fs::File::create(&file).unwrap();
    file.write_all(picture.as_bytes()).unwrap();
    println!("docs/pictures/session.svg");
}
