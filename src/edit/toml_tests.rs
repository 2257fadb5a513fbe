//! Edits of `pyproject.toml` in the shapes that people write.

use super::*;

/// All edits that a service gets, of one document.
fn edit_all(text: &str) -> Result<Edited, EditError> {
    let mut project = PyProject::parse(text)?;
    project.add_dependency("api-temporal-client")?;
    project.add_to_group("dev", &["pytest>=8", "pytest-asyncio>=1"])?;
    project.add_uv_source("api-temporal-client", "clients/temporal-client")?;
    project.finish()
}

#[test]
fn files_of_every_shape() {
    let cases = [
        (
            "plain",
            "[project]\nname = \"api\"\ndependencies = [\n    \"fastapi\",\n]\n",
        ),
        (
            "comments in arrays",
            "[project]\nname = \"api\"\ndependencies = [\n  # web\n  \"fastapi\", # pinned, see #12\n  \"httpx\" # no comma\n  # end\n]\n\n[dependency-groups]\ndev = [\"ruff\", {include-group = \"test\"}] # tools\ntest = []\n",
        ),
        (
            "one line, CRLF",
            "[project]\r\nname = \"api\"\r\ndependencies = [\"a\", \"b\"]\r\n\r\n[tool.uv]\r\npackage = true\r\n\r\n[tool.uv.sources]\r\nother = { path = \"../other\" }\r\n\r\n[tool.ruff]\r\nline-length = 100",
        ),
        (
            "no dependencies",
            "[project]\nname = \"api\" # ours\nversion = \"1\"\n\n[project.scripts]\nrun = \"x:y\"\n",
        ),
        (
            "there in another spelling",
            "[project]\nname = \"api\"\ndependencies = [\"API_Temporal.Client >= 0.1\"]\n[dependency-groups]\ndev = [\"pytest\", \"pytest_asyncio>=0.21\"]\n[tool.uv.sources]\nApi_Temporal_Client = { path = \"x\" }\n",
        ),
        (
            "empty array",
            "[project]\nname = \"api\"\ndependencies = []\n",
        ),
        (
            "inline sources",
            "[project]\ndependencies = []\n[tool.uv]\nsources = { a = { path = \"a\" } }\n",
        ),
        (
            "dotted sources",
            "[project]\ndependencies = []\n[tool]\nuv.sources.a = { path = \"a\" }\n",
        ),
        ("no project", "[tool.poetry]\nname = \"api\"\n"),
        (
            "dynamic",
            "[project]\nname = \"api\"\ndynamic = [\"version\", \"dependencies\"]\n",
        ),
        (
            "not a list",
            "[project]\nname = \"api\"\ndependencies = \"fastapi\"\n",
        ),
        ("broken", "[project\nname = 1\n"),
        (
            "sources in [tool.uv]",
            "[project]\ndependencies = []\n[tool.uv]\nsources.a = { workspace = true }\npackage = true\n",
        ),
        (
            "a group in another case",
            "[project]\ndependencies = []\n[dependency-groups]\nDev = [\"x\"]\n",
        ),
        ("an inline project", "project = { name = \"x\" }\n"),
        (
            "sources is a text",
            "[project]\ndependencies = []\n[tool.uv]\nsources = \"x\"\n",
        ),
        (
            "tool is a text",
            "tool = \"x\"\n[project]\ndependencies = []\n",
        ),
        (
            "tool is an array of tables",
            "[project]\ndependencies = []\n[[tool]]\na = 1\n",
        ),
        (
            "groups are a text",
            "dependency-groups = \"x\"\n[project]\ndependencies = []\n",
        ),
        (
            "groups are an array of tables",
            "[project]\ndependencies = []\n[[dependency-groups]]\ndev = []\n",
        ),
    ];
    let mut shown = String::new();
    for (case, text) in cases {
        let after = match edit_all(text) {
            Ok(edited) => {
                let after = edited.into_text(text);
                let again = edit_all(&after);
                assert_eq!(again, Ok(Edited::Unchanged), "twice is once:\n{after}");
                after.replace('\r', "<CR>")
            }
            Err(error) => format!("{error:#?}\n"),
        };
        shown.push_str(&format!("=== {case}\n{after}"));
        if !after.ends_with('\n') {
            shown.push_str("<END>\n");
        }
    }
    insta::with_settings!({ omit_expression => true }, {
        insta::assert_snapshot!(shown);
    });
}

#[test]
fn names_are_compared_as_pep_503_says() {
    assert_eq!(
        requirement_name("Temporal_.Client[extra] >= 1; python_version > '3'"),
        "temporal-client"
    );
    assert_eq!(requirement_name("pytest"), "pytest");
}
