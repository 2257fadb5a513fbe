//! Adds activities, signals, queries and updates to a workflow that is on record.
//!
//! New models, activities and tests are inserted. The workflow's own code belongs to the user:
//! the lines for it are printed.

use super::context::Context;
use super::entries::Entries;
use super::recorded::request_of;
use super::request::{AddTemporalWorkflow, Members, validator};
use super::{FILES, TEST, package};
use crate::change::Rank;
use crate::edit::Edited;
use crate::edit::python::Module;
use crate::name::RelPath;
use crate::problem::{ErrorCode, Problem, WarningCode};
use crate::project::Service;
use crate::python::{MemberName, Message, Signal, Style, WorkflowName, mentions};
use crate::record::Record;
use crate::template::{Template, render};
use crate::tool::Draft;
use crate::tool::client::{self, Registry};

/// A module of the workflow, the rendered module to copy from, and which definitions.
type Part<'a> = (RelPath, Module, &'a dyn Fn(&str) -> bool);

/// What a request has more than the recorded one.
pub(super) struct Further {
    activities: Vec<MemberName>,
    signals: Vec<Signal>,
    queries: Vec<Message>,
    updates: Vec<Message>,
    /// The last activity of the recorded request.
    last: MemberName,
}

impl Further {
    /// What is added to the recorded request; `None` if anything else differs.
    pub(super) fn of(found: &Record, request: &AddTemporalWorkflow) -> Option<Self> {
        let old = request_of(found)?;
        let is_same = old.input == request.input
            && old.output == request.output
            && old.options == request.options;
        let (before, now) = (&old.members, &request.members);
        Some(Self {
            activities: added(before.activities(), now.activities())?,
            signals: added(before.signals(), now.signals())?,
            queries: added(before.queries(), now.queries())?,
            updates: added(before.updates(), now.updates())?,
            last: before.activities().last()?.clone(),
        })
        .filter(|_| is_same)
    }

    /// Insert the new parts, and print the lines for the workflow.
    pub(super) fn add(
        &self,
        draft: &mut Draft<'_>,
        service: &Service,
        registry: &Registry,
        name: &WorkflowName,
        request: &AddTemporalWorkflow,
        style: &Style,
    ) -> Result<(), Problem> {
        let alone = self.activities_alone(request)?;
        let rendered = |template: Template, request: &AddTemporalWorkflow| {
            let text = style.layout(&render(template, &Context::new(service, name, request)));
            Module::parse(text).map_err(|error| Problem::of_edit(error, None))
        };
        let [
            _,
            (models, models_template),
            (activities, activities_template),
            (workflow, body),
        ] = FILES;
        let folder = package(service, name);
        let test = client::test_file(
            draft.project(),
            service,
            &format!("{}_workflow", name.snake()),
        );
        let is_new = |activity: &str| self.activities.iter().any(|new| new.snake() == activity);
        let local = client::local_modules(draft.project(), service);
        let parts: [Part<'_>; 4] = [
            (
                folder.join(models),
                rendered(models_template, request)?,
                &|class| self.is_model_of_message(class),
            ),
            (
                folder.join(models),
                rendered(models_template, &alone)?,
                &|class| self.is_model_of_activity(class),
            ),
            (
                folder.join(activities),
                rendered(activities_template, &alone)?,
                &is_new,
            ),
            (test.clone(), rendered(TEST, &alone)?, &|function| {
                let activity = function.strip_prefix("test_activity_");
                activity.is_some_and(is_new)
            }),
        ];
        for (path, from, wanted) in parts {
            // The tests may be gone.
            if path != test || draft.exists(&test) {
                insert(draft, &path, &from, wanted, &local, style)?;
            }
        }
        let (mut is_listed, mut omitted) = (false, Vec::new());
        if draft.exists(&test) {
            let from = rendered(TEST, request)?;
            omitted =
                self.add_message_tests(draft, &folder.join(models), &test, &from, &local, style)?;
            is_listed = self.add_to_test_list(draft, &test, &local, style)?;
        }
        let entries = Entries::of(service, registry, name, &self.activities, style);
        entries.add_to(draft, service, registry, style)?;
        let path = folder.join(workflow);
        let lines = self.lines(
            &rendered(body, &alone)?,
            &rendered(body, request)?,
            is_listed,
        );
        let omitted = if omitted.is_empty() {
            String::new()
        } else {
            format!(
                "Not added: {}, for it depends on the input of the first activity.\n",
                omitted.join(", ")
            )
        };
        draft.warn(
            WarningCode::WorkflowBody,
            format!(
                "`{path}` is yours: add these lines to it, at the places named in the comments:\n\
                 {lines}\n{omitted}Executions that are running do not have them in their history: put new calls \
                 of activities and new waits below `if workflow.patched(\"NAME\"):`"
            ),
            Some(path),
        );
        Ok(())
    }

    /// Insert the tests of the messages. Returns those that are not added: where the first
    /// activity of a new workflow takes the messages, its model has another name.
    fn add_message_tests(
        &self,
        draft: &mut Draft<'_>,
        models: &RelPath,
        test: &RelPath,
        from: &Module,
        local: &[String],
        style: &Style,
    ) -> Result<Vec<String>, Problem> {
        let known = match draft.module(models).as_deref() {
            Some(Ok(models)) => models.definitions(),
            _ => Vec::new(),
        };
        let unknown: Vec<String> = from
            .imported()
            .iter()
            .filter_map(|name| {
                name.rsplit_once(".models.")
                    .map(|(_, name)| name.to_owned())
            })
            .filter(|name| !known.contains(name))
            .collect();
        let has_unknown = |function: &str| unknown.iter().any(|name| from.mentions(function, name));
        let wanted = |function: &str| self.is_test_of_message(function) && !has_unknown(function);
        insert(draft, test, from, &wanted, local, style)?;
        let tests = from.definitions().into_iter();
        Ok(tests
            .filter(|test| self.is_test_of_message(test) && has_unknown(test))
            .map(|test| format!("`{test}`"))
            .collect())
    }

    /// Add the new activities to those that the tests run, if they are in the generated list and
    /// its line stays short enough. Returns whether they are in it.
    fn add_to_test_list(
        &self,
        draft: &mut Draft<'_>,
        test: &RelPath,
        local: &[String],
        style: &Style,
    ) -> Result<bool, Problem> {
        const LIST: &str = "ACTIVITIES";
        let module = draft.module(test);
        let Some(Ok(module)) = module.as_deref() else {
            return Ok(false);
        };
        if module.items(LIST).is_none() {
            return Ok(false);
        }
        let activities = self.activities.iter();
        let items: Vec<String> = activities
            .map(|name| format!("activities.{name}"))
            .collect();
        let edited = module.add_items(&[], local, &[(LIST, items)], style);
        let fits = |text: &str| {
            let mut lines = text.lines();
            lines.all(|line| !line.starts_with(LIST) || line.chars().count() <= style.line_length())
        };
        if matches!(&edited, Ok(Edited::Changed(after)) if !fits(after)) {
            return Ok(false);
        }
        draft.apply(test, Rank::New, edited)?;
        Ok(true)
    }

    /// A request for the new activities alone; the last recorded one returns the result.
    fn activities_alone(
        &self,
        request: &AddTemporalWorkflow,
    ) -> Result<AddTemporalWorkflow, Problem> {
        let mut activities = self.activities.clone();
        activities.push(self.last.clone());
        let members = Members::checked(
            &request.names,
            activities,
            Vec::new(),
            Vec::new(),
            Vec::new(),
        );
        let members = members.map_err(|problems| {
            let first = problems.into_iter().next();
            first.unwrap_or_else(|| Problem::new(ErrorCode::InvalidCombination, "invalid members"))
        })?;
        Ok(AddTemporalWorkflow {
            members,
            ..request.clone()
        })
    }

    fn is_model_of_activity(&self, class: &str) -> bool {
        let mut names = self.activities.iter().map(MemberName::class);
        names.any(|name| class == format!("{name}Input") || class == format!("{name}Output"))
    }

    fn is_model_of_message(&self, class: &str) -> bool {
        let signals = self.signals.iter().map(|signal| (&signal.name, "Signal"));
        let queries = self.queries.iter().map(|query| (&query.name, "Answer"));
        let updates = self.updates.iter().map(|update| (&update.name, "Update"));
        let mut all = signals.chain(queries).chain(updates);
        all.any(|(name, suffix)| class == format!("{}{suffix}", name.class()))
    }

    fn is_test_of_message(&self, test: &str) -> bool {
        let is_of = |prefix: &str, names: &[Message]| {
            let name = test.strip_prefix(prefix);
            name.is_some_and(|name| names.iter().any(|known| known.name.snake() == name))
        };
        is_of("test_query_", &self.queries) || is_of("test_update_", &self.updates)
    }

    /// The lines to add to the workflow's module.
    fn lines(&self, alone: &Module, union: &Module, is_listed: bool) -> String {
        let signals = self.signals.iter().map(|signal| &signal.name);
        let others = self.queries.iter().chain(&self.updates);
        let messages: Vec<&MemberName> = signals.chain(others.map(|other| &other.name)).collect();
        let of_message = |code: &str| {
            let mut names = messages.iter();
            names.any(|name| mentions(code, &format!("_{name}")))
        };
        let of_activity = |code: &str| {
            let mut names = self.activities.iter();
            names.any(|name| code.contains(&format!("activities.{name},")))
        };
        let is_method = |method: &str| {
            let mut names = messages.iter();
            names.any(|name| method == name.snake() || method == validator(name))
        };
        let mut in_run = union.statements_of("run", &of_message);
        in_run.extend(alone.statements_of("run", &of_activity));
        let parts = [
            (
                "# in `__init__`",
                union.statements_of("__init__", &of_message),
            ),
            ("# in `run`", in_run),
            ("# as methods", union.methods(&is_method)),
        ];
        let waits = !self.signals.is_empty() || !self.updates.is_empty();
        let talk = waits.then(|| "await talk(handle)".to_owned());
        let in_tests = "# in its tests, before each `handle.result()`";
        let mut lines = String::new();
        for (place, code) in parts.iter().filter(|(_, code)| !code.is_empty()) {
            lines.push_str(&format!("{place}\n{}\n", code.join("\n")));
        }
        if let Some(talk) = talk {
            lines.push_str(&format!("{in_tests}\n{talk}\n"));
        }
        if !self.activities.is_empty() {
            lines.push_str(if is_listed {
                "# in its tests, at the end of each list `fakes`\n"
            } else {
                "# in its tests, at the end of `ACTIVITIES` and of each list `fakes`\n"
            });
        }
        for activity in &self.activities {
            lines.push_str(&format!("activities.{activity}\n"));
        }
        let imports = union.imports_for(&lines).into_iter();
        let imports = imports.chain(alone.imports_for(&lines));
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
}

/// The items of a list that another one does not have; `None` if it lacks one of those, or has
/// them in another order.
fn added<T: PartialEq + Clone>(before: &[T], now: &[T]) -> Option<Vec<T>> {
    let mut new = Vec::new();
    let mut rest = before.iter().peekable();
    for item in now {
        if rest.peek() == Some(&item) {
            rest.next();
        } else {
            new.push(item.clone());
        }
    }
    rest.next().is_none().then_some(new)
}

/// Insert the definitions of another module into one of the workflow.
fn insert(
    draft: &mut Draft<'_>,
    path: &RelPath,
    from: &Module,
    wanted: &dyn Fn(&str) -> bool,
    local: &[String],
    style: &Style,
) -> Result<(), Problem> {
    let edited = match draft.module(path).as_deref() {
        Some(Ok(module)) => module.add_definitions(from, wanted, local, style),
        Some(Err(error)) => Err(error.clone()),
        None => {
            let message = format!("`{path}` is gone, so nothing can be added to it");
            return Err(Problem::new(ErrorCode::Unreadable, message).in_file(path.clone()));
        }
    };
    draft.apply(path, Rank::New, edited)
}
