//! The entries of a workflow in the lists that workers run.

use super::parts::{Form, activities_class};
use super::recorded::request_of;
use crate::change::Rank;
use crate::edit::python::{Import, Module};
use crate::edit::{EditError, Edited};
use crate::name::RelPath;
use crate::problem::Problem;
use crate::project::Service;
use crate::python::{MemberName, Style, WorkflowName};
use crate::record::Record;
use crate::tool::Draft;
use crate::tool::client::{self, Registry};

/// The entries of a service's registry, with their imports.
#[derive(Debug, Default)]
pub(in crate::tool) struct Entries {
    imports: Vec<Import>,
    workflows: Vec<String>,
    activities: Vec<String>,
}

/// All entries of a workflow that is on record.
pub(in crate::tool) fn registration(
    service: &Service,
    registry: &Registry,
    name: &WorkflowName,
    record: &Record,
    style: &Style,
) -> Option<Entries> {
    let request = request_of(record)?;
    let activities = request.members.activities();
    let mut entries = Entries::default();
    // The package may be gone: in either form, for only what is listed is removed.
    for form in [Form::Functions, Form::Methods] {
        let of_form = Entries::of(service, registry, name, activities, form, style);
        entries.imports.extend(of_form.imports);
        entries.activities.extend(of_form.activities);
    }
    Some(entries.with_workflow(service, registry, name, style))
}

impl Entries {
    /// The entries of activities of a workflow.
    pub(super) fn of(
        service: &Service,
        registry: &Registry,
        name: &WorkflowName,
        activities: &[MemberName],
        form: Form,
        style: &Style,
    ) -> Self {
        let mut entries = Self::default();
        let prefix = client::registry_import_prefix(service, registry);
        if form == Form::Methods {
            let class = activities_class(name);
            let from = format!("{prefix}{}.activities", name.snake());
            entries
                .imports
                .push(Import::new(&from, &[(&class, None)], style));
            entries.activities.push(class);
            return entries;
        }
        let alias = format!("{}_activities", name.snake());
        if !activities.is_empty() {
            let from = format!("{prefix}{}", name.snake());
            let names = [("activities", Some(alias.as_str()))];
            entries.imports.push(Import::new(&from, &names, style));
        }
        let activities = activities.iter();
        entries.activities = activities
            .map(|activity| format!("{alias}.{activity}"))
            .collect();
        entries
    }

    /// These entries, and that of the workflow itself.
    pub(super) fn with_workflow(
        mut self,
        service: &Service,
        registry: &Registry,
        name: &WorkflowName,
        style: &Style,
    ) -> Self {
        let prefix = client::registry_import_prefix(service, registry);
        let class = format!("{}Workflow", name.class());
        let from = format!("{prefix}{}.workflow", name.snake());
        self.imports
            .push(Import::new(&from, &[(&class, None)], style));
        self.workflows.push(class);
        self
    }

    /// Add those of another workflow.
    pub(in crate::tool) fn extend(&mut self, other: &Self) {
        let Self {
            imports,
            workflows,
            activities,
        } = other;
        self.imports.extend_from_slice(imports);
        self.workflows.extend_from_slice(workflows);
        self.activities.extend_from_slice(activities);
    }

    fn items<'r>(&self, registry: &'r Registry) -> [(&'r str, Vec<String>); 2] {
        let [workflows, activities] = &registry.lists;
        [
            (workflows.as_str(), self.workflows.clone()),
            (activities.as_str(), self.activities.clone()),
        ]
    }

    /// Add them to a registry, so that workers run them.
    pub(super) fn add_to(
        &self,
        draft: &mut Draft<'_>,
        service: &Service,
        registry: &Registry,
        style: &Style,
    ) -> Result<(), Problem> {
        match self.edit(draft, service, registry, style) {
            Some(edit) => edit.apply(draft, registry),
            None => Ok(()),
        }
    }

    /// How they are added to a registry; `None` if there is no registry.
    fn edit(
        &self,
        draft: &Draft<'_>,
        service: &Service,
        registry: &Registry,
        style: &Style,
    ) -> Option<Edit> {
        let items = self.items(registry);
        let local = client::local_modules(draft.project(), service);
        let module = draft.module(&registry.path)?;
        let edited = match module.as_ref() {
            Ok(module) if registry.is_worker() => {
                module.add_to_worker(&self.imports, &local, &items, style)
            }
            Ok(module) => module.add_items(&self.imports, &local, &items, style),
            Err(error) => Err(error.clone()),
        };
        let needs_record = match &edited {
            Ok(Edited::Changed(after)) => {
                let before = draft.text(&registry.path).unwrap_or_default();
                !Module::parse(after.as_str())
                    .and_then(|module| self.remove_from(&module, registry))
                    .is_ok_and(|removed| removed.into_text(after) == before)
            }
            _ => false,
        };
        Some(Edit {
            edited,
            needs_record,
        })
    }

    /// The registry's module without them.
    pub(in crate::tool) fn remove_from(
        &self,
        module: &Module,
        registry: &Registry,
    ) -> Result<Edited, EditError> {
        let items = self.items(registry);
        if registry.is_worker() {
            module.remove_from_worker(&self.imports, &items)
        } else {
            module.remove_items(&self.imports, &items)
        }
    }
}

/// An edit of a registry.
struct Edit {
    edited: Result<Edited, EditError>,
    /// Whether removing the entries does not restore the file, byte for byte.
    needs_record: bool,
}

impl Edit {
    fn apply(self, draft: &mut Draft<'_>, registry: &Registry) -> Result<(), Problem> {
        if self.needs_record {
            draft.apply(&registry.path, Rank::Registry, self.edited)
        } else {
            draft.apply_off_record(&registry.path, Rank::Registry, self.edited)
        }
    }
}

/// Add the entries of new workflows, each with the record of its workflow, to a registry.
///
/// They are added by one edit, which parses the registry as often as the edit of one workflow
/// does. Where removal needs a record of what was inserted, each workflow has an edit of its own.
pub(super) fn register_all(
    draft: &mut Draft<'_>,
    service: &Service,
    registry: &Registry,
    added: Vec<(RelPath, Entries)>,
    style: &Style,
) {
    if added.len() > 1 {
        let mut all = Entries::default();
        for (_, entries) in &added {
            all.extend(entries);
        }
        let edit = all.edit(draft, service, registry, style);
        if let Some(edit) = edit.filter(|edit| !edit.needs_record) {
            if let Err(problem) = edit.apply(draft, registry) {
                draft.problem(problem);
            }
            return;
        }
    }
    for (record, entries) in added {
        draft.act_for(record);
        if let Err(problem) = entries.add_to(draft, service, registry, style) {
            draft.problem(problem);
        }
    }
}
