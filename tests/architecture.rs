//! Checks the layers of `src` described in `src/lib.rs`: which module may use which other
//! module and which library.
//!
//! The checks work on tokens, so that strings and comments are not taken for code, and code
//! inside macros is included. Test modules are excluded.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// The modules from the lowest layer to the highest: each uses only those before it.
const LAYERS: [&str; 25] = [
    "name",
    "python",
    "edit",
    "record",
    "project",
    "analysis",
    "template",
    "change",
    "disk",
    "problem",
    "plan",
    "tool",
    "process",
    "progress",
    "start",
    "run",
    "environment",
    "server",
    "verify",
    "guide",
    "report",
    "demo",
    "cli",
    "mcp",
    "main",
];

/// The modules that may use each part of the standard library with side effects.
const EFFECTS: [(&str, &[&str]); 8] = [
    (
        "std::env",
        &["disk", "progress", "environment", "demo", "cli", "main"],
    ),
    ("std::fs", &["disk"]),
    ("std::io", &["disk", "process", "progress", "report", "mcp"]),
    ("std::net", &["start", "server"]),
    (
        "std::process",
        &[
            "process",
            "start",
            "environment",
            "server",
            "verify",
            "main",
        ],
    ),
    (
        "std::thread",
        &[
            "edit::stack",
            "disk",
            "process",
            "start",
            "server",
            "verify",
            "demo",
        ],
    ),
    (
        "std::time::Instant",
        &[
            "disk", "process", "progress", "start", "server", "verify", "main",
        ],
    ),
    ("std::time::SystemTime", &[]),
];

/// The modules that may use each dependency.
const DEPENDENCIES: [(&str, &[&str]); 32] = [
    ("anstream", &["progress", "report", "cli"]),
    ("anstyle", &["problem", "report"]),
    (
        "anyhow",
        &["process", "environment", "server", "verify", "demo"],
    ),
    ("clap", &["tool", "start", "guide", "report", "cli"]),
    ("clap_complete", &["cli"]),
    ("ctrlc", &["process"]),
    ("glob", &["edit::toml"]),
    ("indicatif", &["progress"]),
    ("minijinja", &["template"]),
    ("pep440_rs", &["tool::client"]),
    ("rmcp", &["mcp"]),
    ("ruff_formatter", &["python"]),
    ("ruff_python_ast", &["edit::python", "analysis"]),
    ("ruff_python_formatter", &["python"]),
    ("ruff_python_parser", &["edit::python"]),
    ("ruff_text_size", &["edit::python", "analysis"]),
    ("rustix", &["process", "disk"]),
    ("saphyr_parser", &["edit::yaml"]),
    ("schemars", &["problem", "verify", "report", "demo"]),
    (
        "serde",
        &[
            "template",
            "tool",
            "problem",
            "verify",
            "report",
            "demo",
            "disk",
            "edit::undo",
            "record",
        ],
    ),
    (
        "serde_json",
        &[
            "edit",
            "tool::agents",
            "server",
            "verify",
            "guide",
            "report",
            "demo",
            "cli",
            "mcp",
            "disk",
        ],
    ),
    ("serde_yaml", &["edit::yaml", "record", "project", "tool"]),
    ("sha2", &["record"]),
    ("shlex", &["cli"]),
    ("similar", &["edit::undo", "report"]),
    ("strsim", &["tool"]),
    ("terminal_size", &["report"]),
    ("thiserror", &["name", "edit", "disk"]),
    ("tokio", &["mcp"]),
    ("toml_edit", &["python", "edit::toml", "guide"]),
    ("version_ranges", &["tool::client"]),
    ("which", &["start", "environment", "demo"]),
];

/// A file of `src` with the absolute paths that its code uses.
struct File {
    name: String,
    /// The number of lines, without tests at the foot.
    lines: usize,
    module: Vec<String>,
    paths: BTreeSet<Vec<String>>,
}

fn files() -> Vec<File> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut names = Vec::new();
    let mut waiting = vec![source.clone()];
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            let entries = fs::read_dir(&path).unwrap();
            waiting.extend(entries.map(|entry| entry.unwrap().path()));
        } else if is_code(&path) {
            names.push(path.strip_prefix(&source).unwrap().to_owned());
        }
    }
    names.sort();
    let modules: BTreeSet<Vec<String>> = names.iter().map(|name| module(name)).collect();
    let read = |name: &PathBuf| {
        let text = fs::read_to_string(source.join(name)).unwrap();
        let code = text.split("\n#[cfg(test)]\nmod tests").next().unwrap();
        let module = module(name);
        let paths = paths(&text)
            .into_iter()
            .filter_map(|path| resolved(&path, &module, &modules))
            .collect();
        File {
            name: name.to_str().unwrap().to_owned(),
            lines: code.lines().count(),
            module,
            paths,
        }
    };
    names.iter().map(read).collect()
}

/// Whether a file is production code, not tests.
fn is_code(path: &Path) -> bool {
    let name = path.file_stem().unwrap().to_str().unwrap();
    let is_test = name.ends_with("tests") || name == "properties";
    path.extension().is_some_and(|extension| extension == "rs") && !is_test
}

/// The module of a file, e.g. `edit::yaml`; empty for the library root.
fn module(file: &Path) -> Vec<String> {
    let mut names: Vec<String> = file
        .with_extension("")
        .iter()
        .map(|name| name.to_str().unwrap().to_owned())
        .collect();
    if matches!(names.last().unwrap().as_str(), "mod" | "lib") {
        names.pop();
    }
    names
}

/// All paths in a source text, with `use` trees expanded.
fn paths(text: &str) -> Vec<Vec<String>> {
    let tokens: TokenStream = text.parse().unwrap();
    let mut found = Vec::new();
    collect(tokens, &mut found);
    found
}

fn collect(tokens: TokenStream, found: &mut Vec<Vec<String>>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut at = 0;
    while at < tokens.len() {
        if is_test_attribute(&tokens[at..]) {
            // The item ends with its body or a semicolon.
            at += 2;
            while let Some(token) = tokens.get(at) {
                at += 1;
                let is_body = matches!(token, TokenTree::Group(group)
                    if group.delimiter() == Delimiter::Brace);
                if is_body || is_punctuation(Some(token), ';') {
                    break;
                }
            }
            continue;
        }
        match &tokens[at] {
            TokenTree::Ident(_) => at += path(&tokens[at..], &[], found),
            TokenTree::Group(group) => {
                collect(group.stream(), found);
                at += 1;
            }
            _ => at += 1,
        }
    }
}

/// Read the path or `use` tree at the start of some tokens; return the number of tokens read.
fn path(tokens: &[TokenTree], before: &[String], found: &mut Vec<Vec<String>>) -> usize {
    let mut names = before.to_vec();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        match token {
            TokenTree::Ident(name) => names.push(name.to_string()),
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace && at > 0 => {
                let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                for part in inner.split(|token| is_punctuation(Some(token), ',')) {
                    path(part, &names, found);
                }
                return at + 1;
            }
            _ => break,
        }
        at += 1;
        let is_followed =
            is_punctuation(tokens.get(at), ':') && is_punctuation(tokens.get(at + 1), ':');
        if !is_followed {
            break;
        }
        at += 2;
    }
    found.push(names);
    at.max(1)
}

fn is_punctuation(token: Option<&TokenTree>, character: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == character)
}

fn is_test_attribute(tokens: &[TokenTree]) -> bool {
    let [hash, TokenTree::Group(group), ..] = tokens else {
        return false;
    };
    is_punctuation(Some(hash), '#') && group.stream().to_string().replace(' ', "") == "cfg(test)"
}

/// A path from the root: of this program if it begins with `crate`, else of a library; `None`
/// for a name that is neither.
fn resolved(
    path: &[String],
    module: &[String],
    modules: &BTreeSet<Vec<String>>,
) -> Option<Vec<String>> {
    let own = |names: &[String]| {
        let mut whole = vec!["crate".to_owned()];
        whole.extend_from_slice(names);
        Some(whole)
    };
    let (first, rest) = path.split_first()?;
    match first.as_str() {
        "crate" | "bluetext" => own(&reexported(rest)),
        "self" if !rest.is_empty() => own(&[module, rest].concat()),
        "super" => {
            let levels = path.iter().take_while(|name| *name == "super").count();
            let above = &module[..module.len().checked_sub(levels)?];
            own(&[above, &path[levels..]].concat())
        }
        name if is_library(name) => (path.len() > 1).then(|| path.to_vec()),
        _ => {
            let inner = [module, std::slice::from_ref(first)].concat();
            (modules.contains(&inner) && path.len() > 1).then_some(())?;
            own(&[module, path].concat())
        }
    }
}

fn is_library(name: &str) -> bool {
    name == "std" || DEPENDENCIES.iter().any(|(library, _)| *library == name)
}

/// `src/lib.rs` re-exports the items of `run` under shorter names.
fn reexported(names: &[String]) -> Vec<String> {
    let Some(first) = names.first() else {
        return Vec::new();
    };
    if LAYERS.contains(&first.as_str()) {
        return names.to_vec();
    }
    [&["run".to_owned()][..], names].concat()
}

fn starts_with(path: &[String], prefix: &str) -> bool {
    let prefix: Vec<&str> = prefix.split("::").collect();
    path.len() >= prefix.len() && prefix.iter().zip(path).all(|(left, right)| left == right)
}

#[test]
fn each_module_uses_only_the_layers_below_it() {
    let mut faults = Vec::new();
    for file in files() {
        let Some(module) = file.module.first() else {
            continue;
        };
        let layer = |name: &str| LAYERS.iter().position(|layer| *layer == name);
        let own = layer(module).unwrap_or_else(|| panic!("`{module}` is in no layer"));
        for path in file.paths.iter().filter(|path| path[0] == "crate") {
            let Some(used) = path.get(1).and_then(|name| layer(name)) else {
                continue;
            };
            if used > own {
                faults.push(format!("{} uses {}", file.name, path.join("::")));
            }
        }
    }
    assert_eq!(faults, Vec::<String>::new());
}

/// Dependencies between the files of a folder are acyclic. A folder's `mod.rs` is not compared
/// with its other files: they share its types.
#[test]
fn files_of_a_folder_do_not_use_each_other_in_a_circle() {
    let files = files();
    let modules: BTreeSet<&[String]> = files.iter().map(|file| &file.module[..]).collect();
    let mut uses: BTreeMap<&[String], BTreeSet<&[String]>> = BTreeMap::new();
    for file in &files {
        for path in file.paths.iter().filter(|path| path[0] == "crate") {
            // The two modules below their common parent.
            let common = (file.module.iter().zip(&path[1..]))
                .take_while(|(left, right)| left == right)
                .count();
            let (Some(from), Some(to)) = (
                file.module.get(..=common),
                path[1..].get(..=common).filter(|to| modules.contains(to)),
            ) else {
                continue;
            };
            uses.entry(from).or_default().insert(to);
        }
    }
    // Repeatedly remove files that use none of the remaining files.
    let mut rest = uses.clone();
    loop {
        let left: BTreeSet<&[String]> = rest.keys().copied().collect();
        let before = rest.len();
        rest.retain(|_, used| used.iter().any(|used| left.contains(used)));
        if rest.len() == before {
            break;
        }
    }
    let circle: Vec<String> = rest
        .iter()
        .map(|(from, to)| format!("{from:?} uses {to:?}"))
        .collect();
    assert_eq!(circle, Vec::<String>::new());
}

/// A file with one job is not longer.
#[test]
fn no_file_is_long() {
    const MOST: usize = 450;
    let files = files();
    let long = files.iter().filter(|file| file.lines > MOST);
    let long: Vec<(&String, usize)> = long.map(|file| (&file.name, file.lines)).collect();
    assert_eq!(long, []);
}

#[test]
fn each_library_is_used_only_where_it_belongs() {
    let mut faults = Vec::new();
    for file in files() {
        for (library, modules) in EFFECTS.iter().chain(&DEPENDENCIES) {
            let uses = file.paths.iter().find(|path| starts_with(path, library));
            let is_allowed = modules
                .iter()
                .any(|module| starts_with(&file.module, module));
            if let (Some(path), false) = (uses, is_allowed) {
                faults.push(format!("{} uses {}", file.name, path.join("::")));
            }
        }
    }
    assert_eq!(faults, Vec::<String>::new());
}

/// Each permission in the tables is needed.
#[test]
fn each_permission_is_used() {
    let files = files();
    let mut unused = Vec::new();
    for (library, modules) in EFFECTS.iter().chain(&DEPENDENCIES) {
        for module in *modules {
            let of_module = |file: &&File| starts_with(&file.module, module);
            let uses = |file: &File| file.paths.iter().any(|path| starts_with(path, library));
            if !files.iter().filter(of_module).any(uses) {
                unused.push(format!("{module} does not use {library}"));
            }
        }
    }
    assert_eq!(unused, Vec::<String>::new());
}

/// Every dependency is listed in the table.
#[test]
fn the_table_names_every_dependency() {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    let manifest: toml_edit::DocumentMut = fs::read_to_string(manifest).unwrap().parse().unwrap();
    let unix = &manifest["target"]["cfg(unix)"]["dependencies"];
    let tables = [&manifest["dependencies"], unix];
    let names: BTreeSet<String> = tables
        .iter()
        .flat_map(|table| table.as_table().unwrap().iter())
        .map(|(name, _)| name.replace('-', "_"))
        .collect();
    let known = DEPENDENCIES.iter().map(|(name, _)| (*name).to_owned());
    assert_eq!(known.collect::<BTreeSet<String>>(), names);
}

/// The parser finds all paths, so that the other tests cannot pass by accident.
#[test]
fn paths_are_found_wherever_code_is() {
    let text = r#"
        //! use std::comment;
        use std::{fs, io::{self, Read as _}};
        pub(crate) use crate::name::*;
        const TEXT: &str = "std::string";
        fn f() {
            println!("{}", super::disk::read("a\"b"), std::env::var("std::x"));
        }
        #[cfg(test)]
        mod tests {
            use std::test;
        }
        #[cfg(unix)]
        fn g() -> super::Type { yaml::h() }
    "#;
    let found: Vec<String> = paths(text)
        .iter()
        .filter(|path| path.len() > 1)
        .map(|path| path.join("::"))
        .collect();
    let expected = [
        "std::fs",
        "std::io::self",
        "std::io::Read",
        "crate::name",
        "super::disk::read",
        "std::env::var",
        "super::Type",
        "yaml::h",
    ];
    assert_eq!(found, expected);
}
