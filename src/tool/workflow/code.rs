//! The generated files of one workflow.
//!
//! The templates hold the code; what is made here is what depends on names, types and the
//! width of a line.

use serde::Serialize;

use super::models;
use super::request::{self, ActivityOptions, AddTemporalWorkflow, Members};
use crate::edit::python::{self, import_statement};
use crate::name::{Field, FieldType, MemberName, Message, Timeout, WorkflowName};
use crate::project::{Layout, Service};
use crate::template::{Template, fit, render, template};

/// The generated code of one workflow.
pub(super) struct Code<'a> {
    pub(super) service: &'a Service,
    pub(super) name: &'a WorkflowName,
    pub(super) input: &'a [Field],
    pub(super) output: &'a [Field],
    pub(super) members: &'a Members,
    pub(super) options: &'a ActivityOptions,
    /// The activities with the names of their models.
    pub(super) steps: Vec<Step<'a>>,
}

/// An activity, in the place that it has in the workflow.
pub(super) struct Step<'a> {
    pub(super) activity: &'a MemberName,
    pub(super) input: String,
    pub(super) output: String,
    /// The fields of its input, where that is a model of its own, each with its type and the
    /// value that it has in the workflow.
    pub(super) own_input: Option<Vec<Passed>>,
    pub(super) has_own_output: bool,
}

/// A value that is passed on to an activity.
pub(super) struct Passed {
    pub(super) field: String,
    class: String,
    /// The value's name in the workflow.
    local: String,
    /// The value's name in the tests.
    pub(super) sample: String,
}

impl Step<'_> {
    /// The name of the constant that holds a sample of its input.
    pub(super) fn input_sample(&self) -> String {
        match self.own_input {
            Some(_) => format!("{}_INPUT", self.activity.constant()),
            None => "INPUT".to_owned(),
        }
    }

    /// The name of the constant that holds a sample of its result.
    pub(super) fn output_sample(&self) -> String {
        if self.has_own_output {
            format!("{}_OUTPUT", self.activity.constant())
        } else {
            "OUTPUT".to_owned()
        }
    }

    pub(super) fn fake(&self) -> String {
        format!("fake_{}", self.activity)
    }
}

/// How a query's answer follows what the workflow does.
pub(super) enum Followed<'a> {
    /// It names the activity that is being executed.
    Stage,
    /// At the end it is a field of the result.
    Field(&'a str),
    /// It stays as it is until the workflow's owner sets it.
    Steady,
}

pub(super) const FIRST_STAGE: &str = "waiting";
pub(super) const LAST_STAGE: &str = "done";

impl<'a> Code<'a> {
    pub(super) fn new(
        service: &'a Service,
        name: &'a WorkflowName,
        asked: &'a AddTemporalWorkflow,
    ) -> Self {
        let mut code = Self {
            service,
            name,
            input: &asked.input,
            output: &asked.output,
            members: &asked.members,
            options: &asked.options,
            steps: Vec::new(),
        };
        code.steps = (0..asked.members.activities().len())
            .map(|index| code.step(index))
            .collect();
        code
    }

    fn step(&self, index: usize) -> Step<'a> {
        let activities = self.members.activities();
        let activity = &activities[index];
        let own_input = self.members.has_own_input(index).then(|| {
            let mut passed = vec![Passed {
                field: "request".to_owned(),
                class: self.input_class(),
                local: "input".to_owned(),
                sample: "INPUT".to_owned(),
            }];
            match index.checked_sub(1).map(|before| &activities[before]) {
                Some(before) => passed.push(Passed {
                    field: request::result(before),
                    class: format!("{}Output", before.class()),
                    local: request::result(before),
                    sample: format!("{}_OUTPUT", before.constant()),
                }),
                None => passed.extend(self.payloads().map(|(name, kind)| Passed {
                    field: name.to_string(),
                    class: format!("{}{kind}", name.class()),
                    local: name.to_string(),
                    sample: sample_of(name, kind),
                })),
            }
            passed
        });
        let has_own_output = self.members.has_own_output(index);
        Step {
            activity,
            input: match own_input {
                Some(_) => format!("{}Input", activity.class()),
                None => self.input_class(),
            },
            output: if has_own_output {
                format!("{}Output", activity.class())
            } else {
                self.output_class()
            },
            own_input,
            has_own_output,
        }
    }

    /// What the workflow waits for and passes on, each with what it is.
    pub(super) fn payloads(&self) -> impl Iterator<Item = (&'a MemberName, &'static str)> {
        let members = self.members;
        members.payloads().map(|name| {
            let is_update = members.updates().iter().any(|update| update.name == *name);
            (name, if is_update { "Update" } else { "Signal" })
        })
    }

    pub(super) fn workflow_class(&self) -> String {
        format!("{}Workflow", self.name.class())
    }

    pub(super) fn input_class(&self) -> String {
        format!("{}Input", self.name.class())
    }

    pub(super) fn output_class(&self) -> String {
        format!("{}Output", self.name.class())
    }

    /// How a module of the workflow's package is named in an import inside the package; an
    /// empty name is the package itself.
    fn sibling(&self, module: &str) -> String {
        let package = match self.service.layout {
            Layout::Package(_) => String::new(),
            Layout::Flat => format!("workflows.{}", self.name.snake()),
        };
        match (package.is_empty(), module.is_empty()) {
            (true, _) => format!(".{module}"),
            (false, true) => package,
            (false, false) => format!("{package}.{module}"),
        }
    }

    /// The decorator that gives an activity its name, the workflow's before its own: a
    /// worker refuses two activities of one name.
    pub(super) fn decorator(&self, indent: &str, activity: &MemberName) -> String {
        let name = format!("name=\"{}.{activity}\"", self.name.snake());
        fit(indent, "@activity.defn(", &[name], ")")
    }

    pub(super) fn models(&self) -> String {
        #[derive(Serialize)]
        struct Model {
            class: String,
            about: String,
            body: String,
        }
        #[derive(Serialize)]
        struct Context {
            imports: String,
            models: Vec<Model>,
        }
        const TEMPLATE: Template =
            template!("add-temporal-workflow/src/workflows/workflow/models.py");
        let mut models = vec![
            Model {
                class: self.input_class(),
                about: "What the workflow is started with.".to_owned(),
                body: models::body(self.input),
            },
            Model {
                class: self.output_class(),
                about: "What the workflow returns.".to_owned(),
                body: models::body(self.output),
            },
        ];
        let mut message = |name: &MemberName, kind: &FieldType, suffix: &str, about: String| {
            models.push(Model {
                class: format!("{}{suffix}", name.class()),
                about,
                body: models::body(&[message_field(name, kind)]),
            });
        };
        for signal in self.members.signals() {
            if let Some(kind) = &signal.kind {
                let about = format!("What the signal `{}` carries.", signal.name);
                message(&signal.name, kind, "Signal", about);
            }
        }
        for Message { name, kind } in self.members.updates() {
            let about = format!("What the update `{name}` carries and is answered with.");
            message(name, kind, "Update", about);
        }
        for Message { name, kind } in self.members.queries() {
            let about = format!("What the query `{name}` is answered with.");
            message(name, kind, "Answer", about);
        }
        for step in &self.steps {
            if let Some(passed) = &step.own_input {
                let fields: Vec<String> = passed
                    .iter()
                    .map(|passed| format!("    {}: {}", passed.field, passed.class))
                    .collect();
                models.push(Model {
                    class: step.input.clone(),
                    about: format!("What the activity `{}` is given.", step.activity),
                    body: fields.join("\n"),
                });
            }
            if step.has_own_output {
                models.push(Model {
                    class: step.output.clone(),
                    about: format!("What the activity `{}` returns.", step.activity),
                    body: models::body(&[models::usual_field()]),
                });
            }
        }
        let code: String = models.iter().map(|m| format!("{}\n", m.body)).collect();
        let mut pydantic = vec!["BaseModel".to_owned()];
        if code.contains("ConfigDict(") {
            pydantic.push("ConfigDict".to_owned());
        }
        let third_party = [import_statement("", "pydantic", &pydantic)];
        let context = Context {
            imports: sections(&[&models::standard_imports(&code), &third_party]),
            models,
        };
        render(TEMPLATE, &context)
    }

    pub(super) fn activities(&self) -> String {
        #[derive(Serialize)]
        struct Activity {
            decorator: String,
            signature: String,
            about: String,
            result: String,
        }
        #[derive(Serialize)]
        struct Context {
            imports: String,
            activities: Vec<Activity>,
            heartbeat: bool,
        }
        const TEMPLATE: Template =
            template!("add-temporal-workflow/src/workflows/workflow/activities.py");
        let heartbeat = self.options.heartbeat().is_some();
        let indent = if heartbeat { "        " } else { "    " };
        let activities: Vec<Activity> = self
            .steps
            .iter()
            .enumerate()
            .map(|(index, step)| Activity {
                decorator: self.decorator("", step.activity),
                signature: fit(
                    "",
                    &format!("def {}(", step.activity),
                    &[format!("input: {}", step.input)],
                    &format!(") -> {}:", step.output),
                ),
                about: match self.steps.get(index + 1) {
                    Some(next) => {
                        format!("Do this step, and return what `{}` needs.", next.activity)
                    }
                    None => "Make the workflow's result from its input.".to_owned(),
                },
                result: self.result(indent, index),
            })
            .collect();
        let code: String = activities.iter().map(|a| a.result.as_str()).collect();
        let mut library = Vec::new();
        if heartbeat {
            library.push("heartbeating".to_owned());
        }
        if code.contains("idempotency_key(") {
            library.push("idempotency_key".to_owned());
        }
        let mut third_party = Vec::new();
        if !library.is_empty() {
            third_party.push(import_statement("", "temporal_client", &library));
        }
        third_party.push("from temporalio import activity".to_owned());
        let own = self
            .steps
            .iter()
            .flat_map(|s| [s.input.clone(), s.output.clone()]);
        let own = [import_names("", &self.sibling("models"), own)];
        let standard = models::standard_imports(&code);
        let context = Context {
            imports: sections(&[&standard, &third_party, &own]),
            activities,
            heartbeat,
        };
        render(TEMPLATE, &context)
    }

    /// The statement with which an activity ends.
    fn result(&self, indent: &str, index: usize) -> String {
        let step = &self.steps[index];
        let input = models::Given {
            fields: self.input,
            path: match step.own_input {
                Some(_) => "input.request",
                None => "input",
            },
            before: index.checked_sub(1).map(|before| {
                format!(
                    "input.{}.message",
                    request::result(self.steps[before].activity)
                )
            }),
        };
        let values: Vec<String> = if step.has_own_output {
            let label = step.activity.to_string();
            vec![format!("message={}", input.text("message", &label))]
        } else {
            let value = |field: &Field| format!("{}={}", field.name, input.value(field));
            self.output.iter().map(value).collect()
        };
        fit(indent, &format!("return {}(", step.output), &values, ")")
    }

    pub(super) fn workflow(&self) -> String {
        #[derive(Serialize)]
        struct Signal<'a> {
            name: &'a str,
            signature: String,
        }
        #[derive(Serialize)]
        struct Query<'a> {
            name: &'a str,
            signature: String,
        }
        #[derive(Serialize)]
        struct Update<'a> {
            name: &'a str,
            signature: String,
            validator: String,
        }
        #[derive(Serialize)]
        struct Context<'a> {
            imports: String,
            own_imports: String,
            options: Option<String>,
            workflow_class: String,
            state: Vec<String>,
            signature: String,
            body: Vec<String>,
            plain_signals: Vec<&'a str>,
            signals: Vec<Signal<'a>>,
            queries: Vec<Query<'a>>,
            updates: Vec<Update<'a>>,
        }
        const TEMPLATE: Template =
            template!("add-temporal-workflow/src/workflows/workflow/workflow.py");
        let members = self.members;
        let method = |start: String, parameter: Option<String>, result: &str| {
            let parameters: Vec<String> = std::iter::once("self".to_owned())
                .chain(parameter)
                .collect();
            fit("    ", &start, &parameters, &format!(") -> {result}:"))
        };
        let signals = members
            .signals()
            .iter()
            .filter(|signal| signal.kind.is_some());
        let signals = signals.map(|signal| Signal {
            name: signal.name.snake(),
            signature: method(
                format!("def {}(", signal.name),
                Some(format!("signal: {}Signal", signal.name.class())),
                "None",
            ),
        });
        let queries = members.queries().iter().map(|query| Query {
            name: query.name.snake(),
            signature: method(
                format!("def {}(", query.name),
                None,
                &format!("{}Answer", query.name.class()),
            ),
        });
        let updates = members.updates().iter().map(|update| {
            let class = format!("{}Update", update.name.class());
            let parameter = format!("update: {class}");
            Update {
                name: update.name.snake(),
                signature: method(
                    format!("def {}(", update.name),
                    Some(parameter.clone()),
                    &class,
                ),
                validator: method(
                    format!("def {}(", request::validator(&update.name)),
                    Some(parameter),
                    "None",
                ),
            }
        });
        let plain = members
            .signals()
            .iter()
            .filter(|signal| signal.kind.is_none());
        let context = Context {
            imports: self.workflow_imports(),
            own_imports: self.workflow_own_imports(),
            options: self.shared_options(),
            workflow_class: self.workflow_class(),
            state: self.state(),
            signature: fit(
                "    ",
                "async def run(",
                &["self".to_owned(), format!("input: {}", self.input_class())],
                &format!(") -> {}:", self.output_class()),
            ),
            body: self.body(),
            plain_signals: plain.map(|signal| signal.name.snake()).collect(),
            signals: signals.collect(),
            queries: queries.collect(),
            updates: updates.collect(),
        };
        render(TEMPLATE, &context)
    }

    fn workflow_imports(&self) -> String {
        // `workflow.uuid4()` is the SDK's.
        let answers = self.first_answers().join("\n");
        let answers = answers.replace("workflow.uuid4()", "");
        let mut standard = models::standard_imports(&answers);
        if self.members.waits() {
            standard.push("import asyncio".to_owned());
        }
        standard.push("from datetime import timedelta".to_owned());
        sort_imports(&mut standard);
        let mut sdk = vec!["from temporalio import workflow".to_owned()];
        if self.options.max_attempts().is_some() {
            sdk.push("from temporalio.common import RetryPolicy".to_owned());
        }
        if !self.members.updates().is_empty() {
            sdk.push("from temporalio.exceptions import ApplicationError".to_owned());
        }
        sections(&[&standard, &sdk])
    }

    /// The models of the workflow and of its messages, as far as they are named outside of
    /// the models' own module.
    pub(super) fn model_classes(&self) -> Vec<String> {
        let mut classes = vec![self.input_class(), self.output_class()];
        classes.extend(
            self.payloads()
                .map(|(name, kind)| format!("{}{kind}", name.class())),
        );
        let queries = self.members.queries().iter();
        classes.extend(queries.map(|query| format!("{}Answer", query.name.class())));
        classes
    }

    fn workflow_own_imports(&self) -> String {
        let mut classes = self.model_classes();
        let own_inputs = self.steps.iter().filter(|step| step.own_input.is_some());
        classes.extend(own_inputs.map(|step| step.input.clone()));
        let activities = vec!["activities".to_owned()];
        let own = [
            import_statement("    ", &self.sibling(""), &activities),
            import_names("    ", &self.sibling("models"), classes),
        ];
        own.join("\n")
    }

    /// The options of an activity's execution as arguments.
    fn option_arguments(&self) -> Vec<String> {
        let options = self.options;
        let timeouts = [
            ("schedule_to_close_timeout", options.schedule_to_close()),
            ("schedule_to_start_timeout", options.schedule_to_start()),
            ("start_to_close_timeout", options.start_to_close()),
            ("heartbeat_timeout", options.heartbeat()),
        ];
        let mut arguments: Vec<String> = timeouts
            .into_iter()
            .filter_map(|(name, timeout)| Some(format!("{name}={}", timedelta(timeout?))))
            .collect();
        if let Some(attempts) = options.max_attempts() {
            let attempts = attempts.get();
            arguments.push(format!(
                "retry_policy=RetryPolicy(maximum_attempts={attempts})"
            ));
        }
        arguments
    }

    /// Options that several activities share, as a constant.
    fn shared_options(&self) -> Option<String> {
        let is_shared = self.steps.len() > 1;
        is_shared.then(|| {
            let open = "OPTIONS = workflow.ActivityConfig(";
            fit("", open, &self.option_arguments(), ")")
        })
    }

    pub(super) fn followed(&self, query: &Message) -> Followed<'a> {
        let same = |field: &&Field| field.name == query.name.snake() && field.kind == query.kind;
        if let Some(field) = self.output.iter().find(same) {
            return Followed::Field(&field.name);
        }
        if self.tells_stage(query) {
            Followed::Stage
        } else {
            Followed::Steady
        }
    }

    /// Whether a query tells the stage that the workflow is at, until it may tell a field of
    /// the result.
    pub(super) fn tells_stage(&self, query: &Message) -> bool {
        let first_text = self
            .members
            .queries()
            .iter()
            .find(|q| q.kind == FieldType::Str);
        first_text.is_some_and(|first| first.name == query.name)
    }

    /// The value that each query is answered with before anything has happened.
    fn first_answers(&self) -> Vec<String> {
        let first = |query: &Message| {
            if !self.tells_stage(query) {
                models::unset(&query.kind).to_owned()
            } else if self.members.waits() {
                format!("\"{FIRST_STAGE}\"")
            } else {
                format!("\"{}\"", self.steps[0].activity)
            }
        };
        self.members.queries().iter().map(first).collect()
    }

    /// What the workflow knows beside its input.
    fn state(&self) -> Vec<String> {
        let mut state = Vec::new();
        for signal in self.members.signals() {
            if signal.kind.is_none() {
                state.push(format!("        self._{} = asyncio.Event()", signal.name));
            }
        }
        for (name, kind) in self.payloads() {
            let class = format!("{}{kind}", name.class());
            let open = format!("self._{name} = asyncio.Future[");
            state.push(fit("        ", &open, &[class], "]()"));
        }
        for (query, value) in self.members.queries().iter().zip(self.first_answers()) {
            state.push(answer(query, &value));
        }
        state
    }

    /// The lines of `run`.
    fn body(&self) -> Vec<String> {
        let mut body = Vec::new();
        for signal in self.members.signals() {
            if signal.kind.is_none() {
                body.push(format!("        await self._{}.wait()", signal.name));
            }
        }
        for (name, _) in self.payloads() {
            body.push(format!("        {name} = await self._{name}"));
        }
        let queries = self.members.queries();
        let stage = queries.iter().find(|query| self.tells_stage(query));
        let ends: Vec<String> = queries
            .iter()
            .filter_map(|query| match self.followed(query) {
                Followed::Field(field) => Some(answer(query, &format!("output.{field}"))),
                Followed::Stage => Some(answer(query, &format!("\"{LAST_STAGE}\""))),
                Followed::Steady => None,
            })
            .collect();
        for (index, step) in self.steps.iter().enumerate() {
            // The first stage is told from the start where nothing is waited for.
            if let Some(stage) = stage.filter(|_| index > 0 || self.members.waits()) {
                body.push(answer(stage, &format!("\"{}\"", step.activity)));
            }
            let open = if step.has_own_output {
                format!("{} = await ", request::result(step.activity))
            } else if ends.is_empty() {
                "return await ".to_owned()
            } else {
                "output = await ".to_owned()
            };
            body.push(self.execution(&open, step));
        }
        if !ends.is_empty() {
            body.extend(ends);
            body.push("        return output".to_owned());
        }
        body
    }

    fn execution(&self, open: &str, step: &Step<'_>) -> String {
        let input = match &step.own_input {
            None => "input".to_owned(),
            Some(passed) => {
                let values: Vec<String> = passed
                    .iter()
                    .map(|passed| format!("{}={}", passed.field, passed.local))
                    .collect();
                fit_argument("            ", &format!("{}(", step.input), &values)
            }
        };
        let mut arguments = vec![format!("activities.{}", step.activity), input];
        if self.steps.len() > 1 {
            arguments.push("**OPTIONS".to_owned());
        } else {
            arguments.extend(self.option_arguments());
        }
        let open = format!("{open}workflow.execute_activity(");
        fit("        ", &open, &arguments, ")")
    }
}

/// The one field of a message's model.
pub(super) fn message_field(name: &MemberName, kind: &FieldType) -> Field {
    Field {
        name: name.to_string(),
        kind: kind.clone(),
    }
}

/// The name of the constant that holds a sample of a message.
pub(super) fn sample_of(name: &MemberName, kind: &str) -> String {
    format!("{}_{}", name.constant(), kind.to_ascii_uppercase())
}

/// The statement that sets a query's answer.
fn answer(query: &Message, value: &str) -> String {
    let open = format!("self._{} = {}Answer(", query.name, query.name.class());
    fit("        ", &open, &[format!("{}={value}", query.name)], ")")
}

fn timedelta(timeout: Timeout) -> String {
    let (number, unit) = timeout.parts();
    let unit = match unit {
        "d" => "days",
        "h" => "hours",
        "m" => "minutes",
        "s" => "seconds",
        _ => "milliseconds",
    };
    format!("timedelta({unit}={number})")
}

/// A call that is an argument on a line of its own, with a comma behind it.
fn fit_argument(indent: &str, open: &str, items: &[String]) -> String {
    let laid_out = fit(indent, open, items, "),");
    let laid_out = laid_out.strip_prefix(indent).unwrap_or(&laid_out);
    laid_out.strip_suffix(',').unwrap_or(laid_out).to_owned()
}

/// An import of several names, each once, in the order of import sorters.
pub(super) fn import_names(
    indent: &str,
    from: &str,
    names: impl IntoIterator<Item = String>,
) -> String {
    let mut names: Vec<String> = names.into_iter().collect();
    names.sort_by(|a, b| python::import_order(a, b));
    names.dedup();
    import_statement(indent, from, &names)
}

/// Import statements in sections with a blank line between them; empty ones are left out.
pub(super) fn sections(sections: &[&[String]]) -> String {
    let sections: Vec<String> = sections
        .iter()
        .filter(|section| !section.is_empty())
        .map(|section| section.join("\n"))
        .collect();
    sections.join("\n\n")
}

/// The order of import sorters: `import` before `from`, then by module.
pub(super) fn sort_imports(statements: &mut [String]) {
    statements.sort_by_key(|s| (s.starts_with("from "), s.clone()));
}
