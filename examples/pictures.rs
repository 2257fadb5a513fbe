//! Generates the terminal images in the documents from real runs in empty folders:
//! `cargo run --example pictures`.
#![allow(
    clippy::unwrap_used,
    reason = "a picture that cannot be made says where"
)]
#![allow(clippy::print_stdout, reason = "it says what it has made")]

use std::io::Write;
use std::path::Path;
use std::process::Command;

/// The commands to run, in order.
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
    let run = |arguments: &[&str], folder: &Path| {
        // The program is next to this example, built by the same command.
        let program = std::env::current_exe().unwrap();
        let program = program.ancestors().nth(2).unwrap().join("bluetext");
        let output = Command::new(program)
            .args(["--color", "always"])
            .args(arguments)
            .current_dir(folder)
            .env("BLUETEXT_NO_START", "1")
            .output()
            .unwrap();
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        let text = |bytes: &[u8]| {
            let text = String::from_utf8(bytes.to_vec()).unwrap();
            text.replace(folder.to_str().unwrap(), "~/shop")
        };
        (text(&output.stdout), text(&output.stderr))
    };
    let mut session = String::new();
    for arguments in COMMANDS {
        let (shown, _) = run(arguments, &project);
        let line = arguments.join(" ");
        session.push_str(&format!("\u{1b}[2m$\u{1b}[0m bluetext {line}\n{shown}\n"));
    }
    draw("session", &session);

    // Has the same requirements as `bluetext demo`.
    let folder = tempfile::tempdir().unwrap();
    let (shown, progress) = run(&["demo", "--once"], &folder.path().canonicalize().unwrap());
    // The last line of the progress comes after the result.
    let (steps, end) = progress.trim_end().rsplit_once('\n').unwrap();
    draw(
        "demo",
        &format!("\u{1b}[2m$\u{1b}[0m bluetext demo --once\n{steps}\n{shown}{end}\n"),
    );
}

fn draw(name: &str, session: &str) {
    let picture = anstyle_svg::Term::new().render_svg(session.trim_end());
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("docs/pictures/{name}.svg"));
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    let mut file = std::fs::File::create(&file).unwrap();
    file.write_all(picture.as_bytes()).unwrap();
    println!("docs/pictures/{name}.svg");
}
