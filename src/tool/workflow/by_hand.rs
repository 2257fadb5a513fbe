//! The lines that a person adds to a workflow for further activities and messages.

use super::additions::Further;
use super::request::validator;
use crate::edit::python::Module;
use crate::python::{MemberName, mentions};

/// The generated modules from which lines are taken.
pub(super) struct Rendered {
    /// The workflow's module with only the new activities, before the last one.
    pub(super) alone: Module,
    /// The module of the whole request.
    pub(super) whole: Module,
    /// The tests of the whole request.
    pub(super) test: Module,
    /// The routes and their tests, if the user has them.
    pub(super) routes: Option<[Module; 2]>,
}

impl Further {
    /// The lines to add to the workflow's module, its routes and its tests.
    ///
    /// `in_tests` gives how tests name an activity, and `is_listed` tells whether it is in their
    /// list already.
    pub(super) fn lines(
        &self,
        rendered: &Rendered,
        in_tests: &dyn Fn(&MemberName) -> String,
        is_listed: bool,
    ) -> String {
        let mut lines = String::new();
        let parts = self.for_code(rendered).into_iter();
        for (place, code) in parts.chain(self.for_tests(rendered)) {
            if !code.is_empty() {
                lines.push_str(&format!("{place}\n{}\n", code.join("\n")));
            }
        }
        if !self.activities.is_empty() {
            lines.push_str(if is_listed {
                "# in its tests, at the end of each list `fakes`, or a function like the others\n"
            } else {
                "# in its tests, at the end of `ACTIVITIES` and of each list `fakes`\n"
            });
            for activity in &self.activities {
                lines.push_str(&format!("{}\n", in_tests(activity)));
            }
        }
        let imports = rendered.whole.imports_for(&lines).into_iter();
        let imports = imports.chain(rendered.alone.imports_for(&lines));
        let mut all: Vec<String> = Vec::new();
        for import in imports {
            if !all.contains(&import) {
                all.push(import);
            }
        }
        format!(
            "# imports, if they are missing\n{}\n{lines}",
            all.join("\n")
        )
        .trim_end()
        .to_owned()
    }

    /// The new messages.
    fn messages(&self) -> Vec<&MemberName> {
        let signals = self.signals.iter().map(|signal| &signal.name);
        let others = self.queries.iter().chain(&self.updates);
        signals.chain(others.map(|other| &other.name)).collect()
    }

    /// The lines for the workflow and its routes, each with its place. What is done with the
    /// payloads of messages, and when the answers of queries change, is for the user to decide.
    fn for_code(&self, rendered: &Rendered) -> Vec<(&'static str, Vec<String>)> {
        let messages = self.messages();
        let of_message = |code: &str| {
            let mut names = messages.iter();
            names.any(|name| mentions(code, &format!("_{name}")))
        };
        let of_activity = |code: &str| {
            let mut names = self.activities.iter();
            names.any(|name| code.contains("execute_activity") && mentions(code, name.snake()))
        };
        let is_method = |method: &str| {
            let mut names = messages.iter();
            names.any(|name| method == name.snake() || method == validator(name))
        };
        let is_route = |function: &str| {
            let mut prefixes = ["signal_", "query_", "update_"].iter();
            let name = prefixes.find_map(|prefix| function.strip_prefix(prefix));
            name.is_some_and(|name| messages.iter().any(|m| m.snake() == name))
        };
        let whole = &rendered.whole;
        let is_wait = |code: &str| code.contains("WAIT_TIMEOUT") && of_message(code);
        let waits = whole.statements_of("run", &is_wait).into_iter();
        let calls = rendered
            .alone
            .statements_of("run", &of_activity)
            .into_iter();
        let calls = calls.map(|call| match call.find("await ") {
            // Nothing uses the result yet.
            Some(at) if call[..at].ends_with(" = ") => call[at..].to_owned(),
            _ => call,
        });
        let timeout = if self.is_first_wait {
            whole.statements_at_top(&|code| code.starts_with("WAIT_TIMEOUT"))
        } else {
            Vec::new()
        };
        let routes = rendered.routes.as_ref();
        vec![
            ("# below `OPTIONS`", timeout),
            (
                "# in `__init__`",
                whole.statements_of("__init__", &of_message),
            ),
            ("# in `run`", waits.chain(calls).collect()),
            ("# as methods", whole.methods(&is_method)),
            (
                "# in `routes.py`",
                routes.map_or_else(Vec::new, |[routes, _]| routes.functions(&is_route)),
            ),
        ]
    }

    /// The lines that send the new messages in the tests, each with its place.
    fn for_tests(&self, rendered: &Rendered) -> Vec<(&'static str, Vec<String>)> {
        let messages = self.messages();
        let sends = |code: &str| {
            let mut names = messages.iter();
            names.any(|name| {
                let sent = [
                    format!(".{name},"),
                    format!(".{name})"),
                    format!("{name}_answer"),
                ];
                sent.iter().any(|sent| code.contains(sent))
            })
        };
        let mut parts = Vec::new();
        if self.is_first_wait {
            // The function itself is added.
            let talk = vec!["await talk(handle)".to_owned()];
            parts.push(("# in its tests, before each `handle.result()`", talk));
        } else {
            let sent = rendered.test.statements_of("talk", &sends);
            parts.push(("# in its tests, in `talk`", sent));
        }
        if let Some([_, test]) = &rendered.routes {
            let is_sample = |code: &str| {
                let mut names = messages.iter().map(|name| name.constant());
                names.any(|name| {
                    ["SIGNAL", "UPDATE"]
                        .iter()
                        .any(|kind| code.starts_with(&format!("{name}_{kind} =")))
                })
            };
            let mut called = test.statements_at_top(&is_sample);
            called.extend(test.statements_of("call_routes", &|code| {
                let mut names = messages.iter();
                names.any(|name| mentions(code, name.snake()))
            }));
            parts.push(("# in the tests of its routes", called));
        }
        parts
    }
}
