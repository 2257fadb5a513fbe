//! The template context of one workflow.

use serde::Serialize;

use super::elements::{Activity, Imports, MessageContext, Model, Query, Sample};
use super::parts::{Form, Workflow};
use super::request::AddTemporalWorkflow;
use crate::name::{Attempts, FieldType, Timeout};
use crate::project::Service;
use crate::python::{MemberName, WorkflowName, mentions};

/// The values of all templates of one workflow.
#[derive(Debug, Serialize)]
pub(super) struct Context {
    /// The name as a Python module: `order_processing`.
    workflow: String,
    workflow_class: String,
    input_class: String,
    output_class: String,
    /// The workflow's package as its own modules import it: `.` or `workflows.NAME`.
    package: String,
    /// The prefix of imports of its modules there: `.` or `workflows.NAME.`.
    package_prefix: String,
    /// The package as other code imports it: `backend.workflows.NAME`.
    module: String,
    /// The class whose methods are the activities, if they are methods.
    activities_class: Option<String>,
    /// The module with what activities share, as modules of the workflow's package import it.
    dependencies_from_package: Option<String>,
    /// The same, as tests import it.
    dependencies_package: Option<String>,
    /// The SDK's function that executes an activity.
    execute: &'static str,
    /// The module that starts Temporal, as modules of the workflow's package import it.
    start_from_package: String,
    /// The workflow's name in paths and ids: `order-processing`.
    kebab: String,
    /// The client library, as tests import it.
    client_package: String,
    /// The same, as modules of the workflow's package import it.
    client_from_package: String,
    models: Vec<Model>,
    activities: Vec<Activity>,
    signals: Vec<MessageContext>,
    updates: Vec<MessageContext>,
    /// The signals and updates with a payload, which is passed to the first activity.
    payloads: Vec<MessageContext>,
    queries: Vec<Query>,
    /// Whether the workflow waits for a message.
    waits: bool,
    /// Whether a query's answer changes at the end.
    has_final_answers: bool,
    options: Options,
    /// Whether an activity that fails once is retried.
    retries: bool,
    /// The first required field of the input.
    required_field: Option<String>,
    /// The sample constants of the tests, in order.
    samples: Vec<Sample>,
    /// Those of the input and of the messages.
    route_samples: Vec<Sample>,
    imports: Imports,
    uses: Uses,
}

/// Options of an activity's execution; the timeouts as arguments of `timedelta`.
#[derive(Debug, Serialize)]
struct Options {
    start_to_close: Option<String>,
    schedule_to_close: String,
    schedule_to_start: Option<String>,
    heartbeat: Option<String>,
    max_attempts: Option<u32>,
    wait: String,
}

/// The modules and names of the standard library that each file uses.
#[derive(Debug, Serialize)]
struct Uses {
    models: Vec<&'static str>,
    /// Whether a model has a configuration.
    config: bool,
    activities: Vec<&'static str>,
    workflow: Vec<&'static str>,
    test: Vec<&'static str>,
    routes_test: Vec<&'static str>,
}

/// The modules and names that pieces of Python code use.
fn used_names<'a>(pieces: impl Iterator<Item = &'a str>) -> Vec<&'static str> {
    const NAMES: [&str; 5] = ["dt", "Decimal", "UUID", "uuid5", "idempotency_key"];
    let pieces: Vec<&str> = pieces.collect();
    let is_used = |name: &&str| pieces.iter().any(|code| mentions(code, name));
    NAMES.into_iter().filter(is_used).collect()
}

impl Context {
    pub(super) fn new(
        service: &Service,
        name: &WorkflowName,
        request: &AddTemporalWorkflow,
        form: Form,
        start: &str,
    ) -> Self {
        let workflow = Workflow {
            name,
            request,
            form,
        };
        let is_methods = form == Form::Methods;
        let dependencies = format!("{}.dependencies", service.workflows);
        let module = service.module(&format!("{}.{}", service.workflows, name.snake()));
        let package = if service.is_flat() || !service.is_relative {
            module.clone()
        } else {
            String::new()
        };
        let models = workflow.models();
        let activities = workflow.activities();
        let queries = workflow.queries();
        let samples = workflow.samples();
        let route_samples = workflow.message_samples();
        let members = &workflow.request.members;
        let signals: Vec<MessageContext> = members
            .signals()
            .iter()
            .map(|signal| message(&signal.name, signal.kind.as_ref(), "Signal"))
            .collect();
        let updates: Vec<MessageContext> = members
            .updates()
            .iter()
            .map(|update| message(&update.name, Some(&update.kind), "Update"))
            .collect();
        let payloads = signals.iter().chain(&updates);
        let payloads: Vec<MessageContext> = payloads
            .filter(|message| message.model.is_some())
            .cloned()
            .collect();
        let options = &workflow.request.options;
        let retries = options.retries();

        let imports = workflow.imports(&payloads, &queries, &activities, retries);
        let uses = uses(&models, &activities, &queries, &samples, &route_samples);
        Self {
            workflow: name.snake().to_owned(),
            workflow_class: format!("{}Workflow", name.class()),
            input_class: workflow.input_class(),
            output_class: workflow.output_class(),
            package_prefix: format!("{package}."),
            package: if package.is_empty() {
                ".".to_owned()
            } else {
                package
            },
            module,
            activities_class: is_methods.then(|| workflow.activities_class()),
            dependencies_from_package: is_methods.then(|| {
                if service.is_flat() || !service.is_relative {
                    service.module(&dependencies)
                } else {
                    "..dependencies".to_owned()
                }
            }),
            dependencies_package: is_methods.then(|| service.module(&dependencies)),
            execute: match form {
                Form::Methods => "execute_activity_method",
                Form::Functions => "execute_activity",
            },
            start_from_package: format!("{}{start}", service.import_prefix(2)),
            kebab: name.to_string(),
            client_package: service.module("temporal_client"),
            client_from_package: format!("{}temporal_client", service.import_prefix(2)),
            models,
            waits: members.waits(),
            has_final_answers: queries.iter().any(|query| query.last.is_some()),
            options: Options {
                start_to_close: options.start_to_close().map(timedelta),
                schedule_to_close: timedelta(options.schedule_to_close()),
                schedule_to_start: options.schedule_to_start().map(timedelta),
                heartbeat: options.heartbeat().map(timedelta),
                max_attempts: options.max_attempts().map(Attempts::get),
                wait: timedelta(request.wait),
            },
            retries,
            required_field: workflow.required_field().map(str::to_owned),
            imports,
            activities,
            signals,
            updates,
            payloads,
            queries,
            samples,
            route_samples,
            uses,
        }
    }
}

/// The context of a signal or an update.
fn message(name: &MemberName, kind: Option<&FieldType>, suffix: &str) -> MessageContext {
    MessageContext {
        name: name.to_string(),
        model: kind.map(|_| format!("{}{suffix}", name.class())),
        sample: format!("{}_{}", name.constant(), suffix.to_ascii_uppercase()),
    }
}

/// The standard-library names that each file uses.
fn uses(
    models: &[Model],
    activities: &[Activity],
    queries: &[Query],
    samples: &[Sample],
    route_samples: &[Sample],
) -> Uses {
    let fields = models.iter().flat_map(|model| &model.fields);
    let values = activities.iter().flat_map(|activity| &activity.values);
    let of_samples = |samples: &[Sample]| {
        let fields = samples.iter().flat_map(|sample| &sample.fields);
        used_names(fields.map(|field| field.sample.as_str()))
    };
    Uses {
        models: used_names(fields.map(|field| field.annotation.as_str())),
        config: models.iter().any(|m| m.has_bytes || m.has_float),
        activities: used_names(values.map(String::as_str)),
        workflow: used_names(queries.iter().map(|query| query.first.as_str())),
        test: of_samples(samples),
        routes_test: of_samples(route_samples),
    }
}

/// A timeout as the argument of Python's `timedelta`.
fn timedelta(timeout: Timeout) -> String {
    let (number, unit) = timeout.parts();
    let unit = match unit {
        "d" => "days",
        "h" => "hours",
        "m" => "minutes",
        "s" => "seconds",
        _ => "milliseconds",
    };
    format!("{unit}={number}")
}
