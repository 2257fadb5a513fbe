//! The generated test file of one workflow.

use serde::Serialize;

use super::code::{
    Code, FIRST_STAGE, Followed, LAST_STAGE, Step, import_names, message_field, sample_of,
    sections, sort_imports,
};
use super::models;
use crate::edit::python::import_statement;
use crate::name::{Field, FieldType, Message};
use crate::template::{Template, fit, render, template};

#[derive(Serialize)]
struct Fake {
    decorator: String,
    signature: String,
    unused_signature: String,
    output: String,
}

#[derive(Serialize)]
struct Query {
    signature: String,
    ask: String,
    first: Option<String>,
    last: String,
    needs_result: bool,
}

#[derive(Serialize)]
struct Update<'a> {
    name: &'a str,
    signature: String,
    send: String,
}

#[derive(Serialize)]
struct Alone<'a> {
    name: &'a str,
    call: String,
    output_class: &'a str,
}

#[derive(Serialize)]
struct Context<'a> {
    standard_imports: String,
    third_party_imports: String,
    own_imports: String,
    activity_list: String,
    samples: Vec<String>,
    workflow: &'a str,
    workflow_class: String,
    output_class: String,
    handle_type: String,
    messages: Vec<String>,
    retries: bool,
    fakes: Vec<Fake>,
    all_fakes: String,
    first_fake: String,
    given: String,
    required_field: Option<&'a str>,
    queries: Vec<Query>,
    updates: Vec<Update<'a>>,
    activities_alone: Vec<Alone<'a>>,
}

impl Code<'_> {
    pub(super) fn test(&self) -> String {
        const TEMPLATE: Template =
            template!("add-temporal-workflow/tests/workflows/test_workflow.py");
        let class = self.workflow_class();
        let members = self.members;
        let steps = self.steps.iter();
        let activities: Vec<String> = steps
            .clone()
            .map(|step| format!("activities.{}", step.activity))
            .collect();
        let all_fakes: Vec<String> = steps.clone().map(Step::fake).collect();
        let mut first_fake = vec![self.steps[0].fake()];
        if self.steps.len() > 1 {
            first_fake.push("*ACTIVITIES[1:]".to_owned());
        }
        let mut given: Vec<String> = steps.map(Step::input_sample).collect();
        given.insert(0, given[0].clone());
        let fakes = "fakes: list[Callable[..., Any]] = [";
        let handle = [class.clone(), self.output_class()];
        let samples = self.samples();
        let context = Context {
            standard_imports: self.test_standard_imports(&samples),
            third_party_imports: self.test_third_party_imports(),
            own_imports: self.test_own_imports(),
            activity_list: fit(
                "",
                "ACTIVITIES: list[Callable[..., Any]] = [",
                &activities,
                "]",
            ),
            samples,
            workflow: self.name.snake(),
            output_class: self.output_class(),
            handle_type: fit("", "Handle = WorkflowHandle[", &handle, "]"),
            workflow_class: class,
            messages: self.messages(),
            retries: self.options.retries(),
            fakes: self.steps.iter().map(|step| self.fake(step)).collect(),
            all_fakes: fit("    ", fakes, &all_fakes, "]"),
            first_fake: fit("    ", fakes, &first_fake, "]"),
            given: fit("    ", "assert given == [", &given, "]"),
            required_field: self.required_field(),
            queries: members.queries().iter().map(|q| self.query(q)).collect(),
            updates: members.updates().iter().map(|u| self.update(u)).collect(),
            activities_alone: self.steps.iter().map(alone).collect(),
        };
        render(TEMPLATE, &context)
    }

    /// The first field of the input without which the workflow cannot be started.
    fn required_field(&self) -> Option<&str> {
        let required = |field: &&Field| !matches!(field.kind, FieldType::Optional(_));
        self.input.iter().find(required).map(|f| f.name.as_str())
    }

    /// The activity that stands in for another one.
    fn fake(&self, step: &Step<'_>) -> Fake {
        let signature = |parameter: &str| {
            fit(
                "    ",
                &format!("async def {}(", step.fake()),
                &[format!("{parameter}: {}", step.input)],
                &format!(") -> {}:", step.output),
            )
        };
        Fake {
            decorator: self.decorator("    ", step.activity),
            signature: signature("input"),
            unused_signature: signature("_"),
            output: step.output_sample(),
        }
    }

    fn query(&self, query: &Message) -> Query {
        let name = query.name.snake();
        let class = format!("{}Answer", query.name.class());
        let is_answered = |value: &str| {
            let open = format!("assert answer == {class}(");
            fit("        ", &open, &[format!("{name}={value}")], ")")
        };
        let method = format!("{}.{name}", self.workflow_class());
        let waits = self.tells_stage(query) && self.members.waits();
        let followed = self.followed(query);
        Query {
            signature: test_signature(&format!("query_{name}")),
            ask: fit("        ", "answer = await handle.query(", &[method], ")"),
            first: waits.then(|| is_answered(&format!("\"{FIRST_STAGE}\""))),
            needs_result: matches!(followed, Followed::Field(_)),
            last: match followed {
                Followed::Field(field) => is_answered(&format!("result.{field}")),
                Followed::Stage => is_answered(&format!("\"{LAST_STAGE}\"")),
                Followed::Steady => format!("        assert isinstance(answer, {class})"),
            },
        }
    }

    fn update<'m>(&self, update: &'m Message) -> Update<'m> {
        Update {
            name: update.name.snake(),
            signature: test_signature(&format!("update_{}", update.name)),
            send: self.send_update("            await ", update),
        }
    }

    /// The constants that hold a sample of each model.
    fn samples(&self) -> Vec<String> {
        let of_fields = |name: &str, class: &str, fields: &[Field]| {
            let values: Vec<String> = fields.iter().map(models::sample).collect();
            fit("", &format!("{name} = {class}("), &values, ")")
        };
        let mut samples = vec![of_fields("INPUT", &self.input_class(), self.input)];
        for signal in self.members.signals() {
            if let Some(kind) = &signal.kind {
                let class = format!("{}Signal", signal.name.class());
                let field = message_field(&signal.name, kind);
                samples.push(of_fields(
                    &sample_of(&signal.name, "Signal"),
                    &class,
                    &[field],
                ));
            }
        }
        for Message { name, kind } in self.members.updates() {
            let class = format!("{}Update", name.class());
            let field = message_field(name, kind);
            samples.push(of_fields(&sample_of(name, "Update"), &class, &[field]));
        }
        for step in &self.steps {
            if let Some(passed) = &step.own_input {
                let values: Vec<String> = passed
                    .iter()
                    .map(|passed| format!("{}={}", passed.field, passed.sample))
                    .collect();
                let open = format!("{} = {}(", step.input_sample(), step.input);
                samples.push(fit("", &open, &values, ")"));
            }
            if step.has_own_output {
                let name = step.output_sample();
                samples.push(of_fields(&name, &step.output, &[models::usual_field()]));
            }
        }
        samples.push(of_fields("OUTPUT", &self.output_class(), self.output));
        samples
    }

    /// The statements that send everything that the workflow waits for.
    fn messages(&self) -> Vec<String> {
        let class = self.workflow_class();
        let signals = self.members.signals().iter().map(|signal| {
            let mut arguments = vec![format!("{class}.{}", signal.name)];
            if signal.kind.is_some() {
                arguments.push(sample_of(&signal.name, "Signal"));
            }
            fit("    ", "await handle.signal(", &arguments, ")")
        });
        let updates = self.members.updates().iter().flat_map(|update| {
            let name = &update.name;
            let sample = sample_of(name, "Update");
            [
                self.send_update(&format!("    {name}_answer = await "), update),
                format!("    assert {name}_answer == {sample}"),
            ]
        });
        signals.chain(updates).collect()
    }

    fn send_update(&self, open: &str, update: &Message) -> String {
        let arguments = [
            format!("{}.{}", self.workflow_class(), update.name),
            sample_of(&update.name, "Update"),
        ];
        let indent = " ".repeat(open.len() - open.trim_start().len());
        let open = format!("{}handle.execute_update(", open.trim_start());
        fit(&indent, &open, &arguments, ")")
    }

    fn test_standard_imports(&self, samples: &[String]) -> String {
        let code = format!("{}\nuuid4()", samples.join("\n"));
        let mut standard = models::standard_imports(&code);
        if !self.members.updates().is_empty() {
            standard.push("import asyncio".to_owned());
        }
        standard.push("from collections.abc import AsyncIterator, Callable, Sequence".to_owned());
        standard.push("from contextlib import asynccontextmanager".to_owned());
        standard.push("from typing import Any".to_owned());
        sort_imports(&mut standard);
        sections(&[&standard])
    }

    fn test_third_party_imports(&self) -> String {
        let mut client = vec!["WorkflowHandle".to_owned(), "WorkflowHistory".to_owned()];
        if self.required_field().is_some() || !self.options.retries() {
            client.push("WorkflowFailureError".to_owned());
        }
        if !self.members.updates().is_empty() {
            client.push("WorkflowUpdateFailedError".to_owned());
        }
        let mut statements = vec![
            "from temporal_client import TemporalSettings, new_replayer, new_worker".to_owned(),
            "from temporalio import activity".to_owned(),
            import_names("", "temporalio.client", client),
        ];
        if !self.options.retries() {
            statements.push("from temporalio.exceptions import ActivityError".to_owned());
        }
        statements.push(
            "from temporalio.testing import ActivityEnvironment, WorkflowEnvironment".to_owned(),
        );
        statements.join("\n")
    }

    fn test_own_imports(&self) -> String {
        let module = |name: &str| {
            let path = format!("workflows.{}{name}", self.name.snake());
            self.service.module(&path)
        };
        let mut classes = self.model_classes();
        for step in &self.steps {
            classes.extend([step.input.clone(), step.output.clone()]);
        }
        let statements = [
            import_statement("", &module(""), &["activities".to_owned()]),
            import_names("", &module(".models"), classes),
            import_statement("", &module(".workflow"), &[self.workflow_class()]),
        ];
        statements.join("\n")
    }
}

/// The test of an activity alone.
fn alone<'s>(step: &'s Step<'_>) -> Alone<'s> {
    let arguments = [format!("activities.{}", step.activity), step.input_sample()];
    let open = "output = ActivityEnvironment().run(";
    Alone {
        name: step.activity.snake(),
        call: fit("    ", open, &arguments, ")"),
        output_class: &step.output,
    }
}

/// The first line of a test that needs a server.
fn test_signature(name: &str) -> String {
    let parameter = ["environment: WorkflowEnvironment"];
    fit(
        "",
        &format!("async def test_{name}("),
        &parameter,
        ") -> None:",
    )
}
