//! Tests of edits to `pyproject.toml` files of common shapes.

use super::*;
use crate::edit::case_tests::check;

/// Apply all edits for a service to one document.
fn edit_all(text: &str) -> Result<Edited, EditError> {
    let mut project = PyProject::parse(text)?;
    project.add_dependencies(&["pydantic>=2.10,<3", "temporalio>=1.35,<2"])?;
    project.add_to_group("dev", &["pytest>=8", "pytest-asyncio>=1"])?;
    project.finish()
}

#[test]
fn files_of_every_shape() {
    check("pyproject", "toml", edit_all);
}

/// Poetry's table may be written with dotted keys; a line that is added repeats them.
#[test]
fn dotted_tables_of_poetry_are_edited() {
    let add = |text: &str| {
        let mut project = PyProject::parse(text).unwrap();
        let path = ["tool", "poetry", "dependencies"];
        project
            .add_poetry(&path, &["a>=1,<2", "x>=3; y == 'z'"])
            .unwrap();
        let group = ["tool", "poetry", "group", "dev", "dependencies"];
        project.add_poetry(&group, &["b>=2"]).unwrap();
        project.finish().unwrap().into_text(text)
    };
    let new = "a = \">=1,<2\"\n";
    let group = "\n[tool.poetry.group.dev.dependencies]\nb = \">=2\"\n";
    for (text, prefix) in [
        (
            "[tool]\npoetry.dependencies.x = \"1\" # one\n",
            "poetry.dependencies.",
        ),
        (
            "[tool.poetry]\nname = \"x\"\ndependencies.x = \"1\"\n",
            "dependencies.",
        ),
        (
            "tool.poetry.dependencies.x = \"1\"\n",
            "tool.poetry.dependencies.",
        ),
        ("[tool.poetry.dependencies]\nx = \"1\"\n", ""),
    ] {
        assert_eq!(add(text), format!("{text}{prefix}{new}{group}"));
    }
}

#[test]
fn names_are_compared_as_pep_503_says() {
    assert_eq!(
        requirement_name("Temporal_.Client[extra] >= 1; python_version > '3'"),
        "temporal-client"
    );
    assert_eq!(requirement_name("pytest"), "pytest");
}
