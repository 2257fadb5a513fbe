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

#[test]
fn names_are_compared_as_pep_503_says() {
    assert_eq!(
        requirement_name("Temporal_.Client[extra] >= 1; python_version > '3'"),
        "temporal-client"
    );
    assert_eq!(requirement_name("pytest"), "pytest");
}
