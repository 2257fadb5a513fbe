//! Adds activities, signals, queries and updates to a workflow that is on record.
//!
//! New models, activities and tests are inserted. The workflow's own code belongs to the user:
//! the lines for it are printed.

use super::additions::Further;
use super::by_hand::Rendered;
use super::context::Context;
use super::entries::Entries;
use super::parts::{Form, activities_class};
use super::request::{AddTemporalWorkflow, Members};
use super::routes;
use super::{FILES, ROUTES, ROUTES_TEST, TEST, package};
use crate::change::Rank;
use crate::edit::python::Module;
use crate::edit::{EditError, Edited};
use crate::name::RelPath;
use crate::problem::{ErrorCode, Problem, WarningCode};
use crate::project::Service;
use crate::python::{MemberName, Message, Style, WorkflowName};
use crate::template::{Template, render};
use crate::tool::Draft;
use crate::tool::client::{self, Registry};

/// A module of the workflow, the rendered module to copy from, and which definitions.
type Part<'a> = (RelPath, Module, &'a dyn Fn(&str) -> bool);

impl Further {
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
        let form = form_of(draft, service, name);
        let start = client::start_module(draft.project(), service);
        let text_of = |template: Template, request: &AddTemporalWorkflow| {
            let context = Context::new(service, name, request, form, start);
            style.layout(&render(template, &context))
        };
        let rendered = |template: Template, request: &AddTemporalWorkflow| {
            Module::parse(text_of(template, request)).map_err(|e| Problem::of_edit(e, None))
        };
        let [
            _,
            (models, models_template),
            (activities, activities_template),
            (workflow, body),
        ] = FILES;
        let folder = package(service, name);
        let test = format!("{}_workflow", name.snake());
        let test = client::test_file(draft.project(), service, &test);
        let is_new = |activity: &str| self.activities.iter().any(|new| new.snake() == activity);
        let local = client::local_modules(draft.project(), service);
        let of_test = |function: &str| {
            let activity = function.strip_prefix("test_activity_");
            activity.is_some_and(is_new)
        };
        let of_message = |class: &str| self.is_model_of_message(class);
        let of_activity = |class: &str| self.is_model_of_activity(class);
        let mut parts: Vec<Part<'_>> = vec![
            (
                folder.join(models),
                rendered(models_template, request)?,
                &of_message,
            ),
            (
                folder.join(models),
                rendered(models_template, &alone)?,
                &of_activity,
            ),
            (test.clone(), rendered(TEST, &alone)?, &of_test),
        ];
        let (path, from) = (
            folder.join(activities),
            rendered(activities_template, &alone)?,
        );
        match form {
            Form::Functions => parts.push((path, from, &is_new)),
            Form::Methods => {
                let class = activities_class(name);
                insert_with(draft, &path, &|module| {
                    module.add_methods(&from, &class, &is_new, &local, style)
                })?;
            }
        }
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
            is_listed =
                form == Form::Methods || self.add_to_test_list(draft, &test, &local, style)?;
        }
        if form == Form::Functions {
            let entries = Entries::of(service, registry, name, &self.activities, form, style);
            entries.add_to(draft, service, registry, style)?;
        }
        if self.route {
            add_routes(
                draft,
                service,
                name,
                &|template| text_of(template, request),
                style,
            )?;
        }
        if !self.adds_to_workflow() {
            return Ok(());
        }
        let routes = if request.route && !self.route {
            Some([rendered(ROUTES, request)?, rendered(ROUTES_TEST, request)?])
        } else {
            None
        };
        let rendered = Rendered {
            alone: rendered(body, &alone)?,
            whole: rendered(body, request)?,
            test: rendered(TEST, request)?,
            routes,
        };
        let in_tests = |activity: &MemberName| match form {
            Form::Methods => format!("{}(Dependencies()).{activity}", activities_class(name)),
            Form::Functions => format!("activities.{activity}"),
        };
        let lines = self.lines(&rendered, &in_tests, is_listed);
        warn_of_body(draft, folder.join(workflow), &lines, &omitted);
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
        let is_of_wait = |name: &str| {
            let mut signals = self.signals.iter();
            let is_sample = signals.any(|s| name == format!("{}_SIGNAL", s.name.constant()));
            is_sample
                || (self.is_first_wait
                    && ["talk", "test_a_missing_message_fails_it"].contains(&name))
        };
        let wanted =
            |name: &str| (self.is_test_of_message(name) && !has_unknown(name)) || is_of_wait(name);
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

    /// Whether the workflow's own code must change for it.
    fn adds_to_workflow(&self) -> bool {
        !(self.activities.is_empty()
            && self.signals.is_empty()
            && self.queries.is_empty()
            && self.updates.is_empty())
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
}

/// Add the routes, and include them in the application.
fn add_routes(
    draft: &mut Draft<'_>,
    service: &Service,
    name: &WorkflowName,
    text_of: &dyn Fn(Template) -> String,
    style: &Style,
) -> Result<(), Problem> {
    routes::check(draft.project(), service, name)?;
    client::check_library(draft.project(), service, true)?;
    let test = format!("{}_routes", name.snake());
    let test = client::test_file(draft.project(), service, &test);
    let path = package(service, name).join("routes.py");
    for (path, template) in [(path, ROUTES), (test, ROUTES_TEST)] {
        draft.scaffold(path, text_of(template), Rank::New);
    }
    routes::include(draft, service, name, style)
}

/// Print the lines for the workflow's own code.
fn warn_of_body(draft: &mut Draft<'_>, path: RelPath, lines: &str, omitted: &[String]) {
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
}

/// How the activities of a workflow are written, judged by its module.
fn form_of(draft: &Draft<'_>, service: &Service, name: &WorkflowName) -> Form {
    let path = package(service, name).join("activities.py");
    let class = activities_class(name);
    let module = draft.module(&path);
    match module.as_deref() {
        Some(Ok(module)) if module.definitions().contains(&class) => Form::Methods,
        _ => Form::Functions,
    }
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
    insert_with(draft, path, &|module| {
        module.add_definitions(from, wanted, local, style)
    })
}

/// Edit a module of the workflow.
fn insert_with(
    draft: &mut Draft<'_>,
    path: &RelPath,
    edit: &dyn Fn(&Module) -> Result<Edited, EditError>,
) -> Result<(), Problem> {
    let edited = match draft.module(path).as_deref() {
        Some(Ok(module)) => edit(module),
        Some(Err(error)) => Err(error.clone()),
        None => {
            let message = format!("`{path}` is gone, so nothing can be added to it");
            return Err(Problem::new(ErrorCode::Unreadable, message).in_file(path.clone()));
        }
    };
    draft.apply(path, Rank::New, edited)
}
