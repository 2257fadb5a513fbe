//! The generated files of one workflow.

use serde::Serialize;

use super::{ACTIVITY, AddTemporalWorkflow, models};
use crate::edit::python::import_statement;
use crate::name::{Field, FieldType, WorkflowName};
use crate::project::{Layout, Service};
use crate::template::{Template, fit, render, template};

/// The generated code of one workflow.
pub(super) struct Code<'a> {
    service: &'a Service,
    name: &'a WorkflowName,
    input: &'a [Field],
    output: &'a [Field],
}

impl<'a> Code<'a> {
    pub(super) fn new(
        service: &'a Service,
        name: &'a WorkflowName,
        asked: &'a AddTemporalWorkflow,
    ) -> Self {
        Self {
            service,
            name,
            input: &asked.input,
            output: &asked.output,
        }
    }

    pub(super) fn workflow_class(&self) -> String {
        format!("{}Workflow", self.name.class())
    }

    fn input_class(&self) -> String {
        format!("{}Input", self.name.class())
    }

    fn output_class(&self) -> String {
        format!("{}Output", self.name.class())
    }

    fn classes(&self) -> [String; 2] {
        [self.input_class(), self.output_class()]
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
    fn decorator(&self, indent: &str) -> String {
        let name = format!("name=\"{}.{ACTIVITY}\"", self.name.snake());
        fit(indent, "@activity.defn(", &[name], ")")
    }

    pub(super) fn models(&self) -> String {
        #[derive(Serialize)]
        struct Model {
            class: String,
            body: String,
        }
        #[derive(Serialize)]
        struct Context {
            imports: String,
            input: Model,
            output: Model,
        }
        const TEMPLATE: Template =
            template!("add-temporal-workflow/src/workflows/workflow/models.py");
        let [input, output] = [self.input, self.output].map(models::body);
        let code = format!("{input}\n{output}");
        let mut pydantic = vec!["BaseModel".to_owned()];
        if code.contains("ConfigDict(") {
            pydantic.push("ConfigDict".to_owned());
        }
        let third_party = [import_statement("", "pydantic", &pydantic)];
        let context = Context {
            imports: sections(&[&models::standard_imports(&code), &third_party]),
            input: Model {
                class: self.input_class(),
                body: input,
            },
            output: Model {
                class: self.output_class(),
                body: output,
            },
        };
        render(TEMPLATE, &context)
    }

    pub(super) fn activities(&self) -> String {
        #[derive(Serialize)]
        struct Context {
            imports: String,
            decorator: String,
            signature: String,
            result: String,
        }
        const TEMPLATE: Template =
            template!("add-temporal-workflow/src/workflows/workflow/activities.py");
        let values: Vec<String> = self
            .output
            .iter()
            .map(|field| format!("{}={}", field.name, models::result(field, self.input)))
            .collect();
        let result = fit(
            "    ",
            &format!("return {}(", self.output_class()),
            &values,
            ")",
        );
        let own = [import_statement(
            "",
            &self.sibling("models"),
            &self.classes(),
        )];
        let temporal = ["from temporalio import activity".to_owned()];
        let context = Context {
            imports: sections(&[&models::standard_imports(&result), &temporal, &own]),
            decorator: self.decorator(""),
            signature: fit(
                "",
                &format!("def {ACTIVITY}("),
                &[format!("input: {}", self.input_class())],
                &format!(") -> {}:", self.output_class()),
            ),
            result,
        };
        render(TEMPLATE, &context)
    }

    pub(super) fn workflow(&self) -> String {
        #[derive(Serialize)]
        struct Context {
            imports: String,
            workflow_class: String,
            signature: String,
            activity: &'static str,
        }
        const TEMPLATE: Template =
            template!("add-temporal-workflow/src/workflows/workflow/workflow.py");
        let own = [
            import_statement("    ", &self.sibling(""), &["activities".to_owned()]),
            import_statement("    ", &self.sibling("models"), &self.classes()),
        ];
        let context = Context {
            imports: sections(&[&own]),
            workflow_class: self.workflow_class(),
            signature: fit(
                "    ",
                "async def run(",
                &["self".to_owned(), format!("input: {}", self.input_class())],
                &format!(") -> {}:", self.output_class()),
            ),
            activity: ACTIVITY,
        };
        render(TEMPLATE, &context)
    }

    pub(super) fn test(&self) -> String {
        #[derive(Serialize)]
        struct Context<'a> {
            standard_imports: String,
            imports: String,
            input_sample: String,
            output_sample: String,
            workflow_class: String,
            output_class: String,
            activity: &'static str,
            mock_decorator: String,
            mock_signature: String,
            required_field: Option<&'a str>,
        }
        const TEMPLATE: Template =
            template!("add-temporal-workflow/tests/workflows/test_workflow.py");
        let sample = |name: &str, class: &str, fields: &[Field]| {
            let values: Vec<String> = fields
                .iter()
                .map(|field| format!("{}={}", field.name, models::sample(field)))
                .collect();
            fit("", &format!("{name} = {class}("), &values, ")")
        };
        let input_sample = sample("INPUT", &self.input_class(), self.input);
        let output_sample = sample("OUTPUT", &self.output_class(), self.output);
        let mut standard = vec!["from collections.abc import Callable".to_owned()];
        standard.push("from typing import Any".to_owned());
        let code = format!("{input_sample}\n{output_sample}\nuuid4()");
        standard.extend(models::standard_imports(&code));
        sort_imports(&mut standard);
        let module = |name: &str| {
            let path = format!("workflows.{}{name}", self.name.snake());
            self.service.module(&path)
        };
        let own = [
            import_statement("", &module(""), &["activities".to_owned()]),
            import_statement("", &module(".models"), &self.classes()),
            import_statement("", &module(".workflow"), &[self.workflow_class()]),
        ];
        let required = |field: &&Field| !matches!(field.kind, FieldType::Optional(_));
        let context = Context {
            standard_imports: sections(&[&standard]),
            imports: sections(&[&own]),
            input_sample,
            output_sample,
            workflow_class: self.workflow_class(),
            output_class: self.output_class(),
            activity: ACTIVITY,
            mock_decorator: self.decorator("    "),
            mock_signature: fit(
                "    ",
                &format!("async def {ACTIVITY}("),
                &[format!("_: {}", self.input_class())],
                &format!(") -> {}:", self.output_class()),
            ),
            required_field: self
                .input
                .iter()
                .find(required)
                .map(|field| field.name.as_str()),
        };
        render(TEMPLATE, &context)
    }
}

/// Import statements in sections with a blank line between them; empty ones are left out.
fn sections(sections: &[&[String]]) -> String {
    let sections: Vec<String> = sections
        .iter()
        .filter(|section| !section.is_empty())
        .map(|section| section.join("\n"))
        .collect();
    sections.join("\n\n")
}

/// The order of import sorters: `import` before `from`, then by module.
fn sort_imports(statements: &mut [String]) {
    statements.sort_by_key(|s| (s.starts_with("from "), s.clone()));
}
