//! Writes the man pages: `cargo run --example man -- FOLDER`.
#![allow(clippy::print_stdout, reason = "it says what it has written")]

use std::path::PathBuf;

fn main() -> std::io::Result<()> {
    let folder = std::env::args_os().nth(1).unwrap_or("target/man".into());
    let folder = PathBuf::from(folder);
    std::fs::create_dir_all(&folder)?;
    clap_mangen::generate_to(bluetext::cli::command(), &folder)?;
    println!("man pages in {}", folder.display());
    Ok(())
}
