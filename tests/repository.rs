//! Checks of this repository's files: its templates, manifest, image and registered tools.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::fs;

use bluetext::tool::TOOLS;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files_below(folder: &str, extension: &str) -> Vec<(String, String)> {
    let mut files = Vec::new();
    let mut waiting: Vec<PathBuf> = vec![root().join(folder)];
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            waiting.extend(
                fs::read_dir(&path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
        } else if path.to_str().unwrap().ends_with(extension) {
            let name = path
                .strip_prefix(root())
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned();
            files.push((name, fs::read_to_string(&path).unwrap()));
        }
    }
    files.sort();
    files
}

#[test]
fn every_file_opens_by_saying_what_it_owns() {
    for (name, text) in files_below("src", ".rs") {
        assert!(text.starts_with("//! "), "{name} does not open with `//!`");
    }
}

/// A fast check for errors that the end-to-end tests would find minutes later.
#[test]
fn lines_of_generated_python_fit() {
    for (name, text) in files_below("templates", ".py") {
        for (number, line) in text.lines().enumerate() {
            let is_plain = !line.contains("{{") && !line.contains("{%");
            let width = line.chars().count();
            assert!(!is_plain || width <= 88, "{name}:{}: {width}", number + 1);
        }
    }
}

/// Every dependency is used.
#[test]
fn every_dependency_is_used() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let manifest: toml_edit::DocumentMut = manifest.parse().unwrap();
    let code = |folders: &[&str]| -> String {
        let files = folders.iter().flat_map(|folder| files_below(folder, ".rs"));
        files.map(|(_, text)| text).collect()
    };
    let unix = manifest["target"]["cfg(unix)"]["dependencies"]
        .as_table()
        .unwrap();
    let own = manifest["dependencies"].as_table().unwrap();
    let tests = manifest["dev-dependencies"].as_table().unwrap();
    let all = ["src", "tests", "benches", "examples"];
    for (names, folders) in [(own, &["src"][..]), (unix, &["src"]), (tests, &all)] {
        let code = code(folders);
        for (name, _) in names {
            let name = name.replace('-', "_");
            assert!(code.contains(&format!("{name}::")), "{name} is not used");
        }
    }
}

/// The Dockerfile copies every file that the manifest and the code reference.
#[test]
fn the_image_gets_all_that_it_is_built_from() {
    let dockerfile = fs::read_to_string(root().join("Dockerfile")).unwrap();
    let copied: Vec<&str> = dockerfile
        .lines()
        .filter_map(|line| line.strip_prefix("COPY "))
        .flat_map(|rest| rest.split(' '))
        .collect();
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let mut needed = vec!["Cargo.toml", "Cargo.lock", "src"];
    needed.extend(manifest.contains("[[bench]]").then_some("benches"));
    needed.extend(manifest.contains("[[example]]").then_some("examples"));
    for folder in ["templates", "docs"] {
        let is_embedded = files_below("src", ".rs")
            .iter()
            .any(|(_, text)| text.contains(&format!("\"/{folder}/")));
        needed.extend(is_embedded.then_some(folder));
    }
    for needed in needed {
        assert!(copied.contains(&needed), "{needed} is not copied");
    }
}

#[test]
fn every_template_is_embedded() {
    let code: String = files_below("src", ".rs")
        .into_iter()
        .map(|(_, text)| text)
        .collect();
    for (name, _) in files_below("templates", "") {
        let path = name.strip_prefix("templates/").unwrap();
        // Alone, or in the list of the files of a folder.
        let quoted = |text: &str| format!("\"{text}\"");
        let is_listed = |(at, _): (usize, &str)| {
            let folder = quoted(&path[..=at]);
            let lists = code.split(&folder).skip(1);
            let mut lists = lists.map(|list| list.split(']').next().unwrap());
            lists.any(|list| list.contains(&quoted(&path[at + 1..])))
        };
        let is_embedded = code.contains(&quoted(path)) || path.match_indices('/').any(is_listed);
        assert!(is_embedded, "{name} is not embedded");
    }
}

#[test]
fn no_image_is_deprecated_or_floats() {
    for folder in ["templates", "tests/snapshots"] {
        for (name, text) in files_below(folder, "") {
            // That one shows the warning.
            let is_warning = name.ends_with("cli__deprecated_image.snap");
            assert!(is_warning || !text.contains("auto-setup"), "{name}");
            assert!(!text.contains(":latest"), "{name}");
        }
    }
}

#[test]
fn server_and_admin_tools_carry_one_version() {
    let text =
        fs::read_to_string(root().join("templates/add-temporal/modules/temporal/polytope.yml"))
            .unwrap();
    for image in ["server", "admin-tools"] {
        assert!(
            text.contains(&format!("temporalio/{image}:{{{{ temporal_version }}}}")),
            "{image}"
        );
    }
}

/// A project that includes this repository gets the same base tool as a scaffolded project.
#[test]
fn the_repository_offers_the_base_tool_and_the_first_step() {
    let text = fs::read_to_string(root().join("polytope.yml")).unwrap();
    let own: serde_yaml::Value = serde_yaml::from_str(&text).unwrap();
    let snapshot = "tests/snapshots/add-temporal/modules__bluetext__polytope.yml.snap";
    let snapshot = fs::read_to_string(root().join(snapshot)).unwrap();
    let generated = snapshot.splitn(3, "---\n").nth(2).unwrap();
    let generated: serde_yaml::Value = serde_yaml::from_str(generated).unwrap();
    assert_eq!(own["tools"]["bluetext"], generated["tools"]["bluetext"]);
    let version = env!("CARGO_PKG_VERSION");
    assert!(text.contains(&format!("[default, str, \"{version}\"]")));
    for document in ["docs/polytope.md", "Dockerfile"] {
        let text = fs::read_to_string(root().join(document)).unwrap();
        for named in [
            format!("bluetext:{version} "),
            format!("uvx bluetext=={version}`"),
        ] {
            assert!(text.contains(&named), "{document} does not name {named}");
        }
    }
    // The first step has its own container, like the base tool's except for these.
    let mut base = own["tools"]["bluetext"]["run"][0]["args"].clone();
    let step = &own["tools"]["add-temporal"]["run"][0];
    for key in ["id", "cmd"] {
        base[key] = step["args"][key].clone();
    }
    assert_eq!(step["args"], base);
    // Its parameters are the flags of the command.
    let mut expected = vec!["add-temporal".to_owned(), "--no-start".to_owned()];
    let mut infos = Vec::new();
    for argument in TOOLS[0].arguments() {
        let flag = argument.flag();
        expected.push(format!("--{flag}={{pt.param {flag}}}"));
        infos.push((flag, argument.about, argument.default));
    }
    let words: Vec<String> = serde_yaml::from_value(step["args"]["cmd"].clone()).unwrap();
    assert_eq!(words, expected);
    let params = own["tools"]["add-temporal"]["params"]
        .as_sequence()
        .unwrap();
    let params: Vec<(String, String, String)> = params
        .iter()
        .filter(|param| param["id"] != "image" && param["id"] != "version")
        .map(|param| {
            let default = match &param["type"][2] {
                serde_yaml::Value::String(text) => text.clone(),
                other => serde_yaml::to_string(other).unwrap().trim().to_owned(),
            };
            let text = |key: &str| param[key].as_str().unwrap().to_owned();
            (text("id"), text("info"), default)
        })
        .collect();
    assert_eq!(params, infos);
}
