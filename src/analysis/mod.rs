//! Static analysis of workflow code: finds what breaks Temporal's rules before it runs.
//!
//! The analysis starts at the methods that Temporal calls, follows the calls within the service
//! and reports each rule that is broken, with the calls that lead there. It is pure: it reads
//! the parsed modules of a [`Project`]. Libraries are not followed; what their functions do is
//! listed in `calls`.

mod activity;
mod annotations;
mod body;
mod calls;
mod classes;
mod decorators;
mod diagram;
mod facts;
mod globals;
mod ignore;
mod imports;
mod index;
mod models;
mod names;
mod nodes;
mod reach;
mod registration;
mod resolve;
mod rules;
mod scope;
mod sources;
mod value;
mod variables;
mod workflow;

use std::collections::{BTreeSet, HashMap};

use self::facts::Node;
use self::ignore::Ignores;
use self::imports::activity_imports;
use self::index::{Index, ModuleId};
use self::reach::{Call, Follower};
use self::sources::{Sources, Unit, has_definitions, units};
use self::workflow::Workflow;
use crate::edit::{EditError, Position};
use crate::name::RelPath;
use crate::project::{Project, Service};

pub use self::rules::Rule;

/// A place in the project's code.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct At {
    /// The file.
    pub path: RelPath,
    /// The line and column.
    pub position: Position,
}

/// A rule that is broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The rule.
    pub rule: Rule,
    /// The code that breaks it.
    pub at: At,
    /// What the code does.
    pub message: String,
    /// The calls from a workflow to the code, the workflow's own code first: what is called,
    /// and where. Empty if the workflow's own methods break the rule.
    pub trace: Vec<(String, At)>,
    /// The workflows whose code breaks it, by class name.
    pub workflows: Vec<String>,
}

/// A call that could not be followed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unfollowed {
    /// Where it is.
    pub at: At,
    /// The called expression, or what else is not known.
    pub call: String,
}

/// The result of an analysis.
#[derive(Debug, Default)]
pub struct Analysis {
    /// What was found, by file and position.
    pub findings: Vec<Finding>,
    /// Calls that could not be followed, by file and position.
    pub unfollowed: Vec<Unfollowed>,
    /// The number of workflows.
    pub workflows: usize,
    /// The number of modules that were read.
    pub modules: usize,
    /// The number of comments that allow something.
    pub ignored: usize,
}

/// A workflow of a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// The name of its class.
    pub class: String,
    /// The name of its type, if it is known.
    pub name: Option<String>,
    /// The module that defines it.
    pub path: RelPath,
}

/// The workflows of a project.
#[must_use]
pub fn workflows(project: &Project) -> Vec<Known> {
    let mut found = Vec::new();
    each_workflow(project, |_, _, known| found.push(known));
    found
}

/// A workflow as a flowchart in Mermaid; `None` if the project does not have it.
#[must_use]
pub fn diagram(project: &Project, wanted: &Known) -> Option<String> {
    let mut drawn = None;
    each_workflow(project, |index, workflow, known| {
        if known == *wanted {
            drawn = Some(diagram::draw(index, workflow));
        }
    });
    drawn
}

fn each_workflow(project: &Project, mut visit: impl FnMut(&Index<'_>, &Workflow, Known)) {
    for unit in units(project, None) {
        let sources = Sources::read(project, &unit);
        let index = index_of(&sources);
        for workflow in own_workflows(project, &index) {
            let info = &index.classes[workflow.class];
            let known = Known {
                class: info.def.name.to_string(),
                name: workflow.name.clone(),
                path: index.modules[info.module].path.clone(),
            };
            visit(&index, &workflow, known);
        }
    }
}

/// The modules that can be parsed.
fn index_of(sources: &Sources) -> Index<'_> {
    let mut index = Index::default();
    for (path, name, module) in &sources.modules {
        if let Ok(module) = module.as_ref() {
            index.add(path, name.clone(), module);
        }
    }
    index
}

/// The workflows without those of the client library, which are tested with it.
fn own_workflows(project: &Project, index: &Index<'_>) -> Vec<Workflow> {
    let mut workflows = workflow::workflows(index);
    workflows.retain(|workflow| {
        let module = index.classes[workflow.class].module;
        !is_library(project, index.modules[module].path)
    });
    workflows
}

impl Analysis {
    /// Analyse one service, or the whole project.
    #[must_use]
    pub fn of(project: &Project, service: Option<&Service>) -> Self {
        let mut analysis = Self::default();
        for unit in units(project, service) {
            analysis.add(project, &unit);
        }
        analysis
            .findings
            .sort_by(|a, b| (&a.at, a.rule).cmp(&(&b.at, b.rule)));
        analysis.unfollowed.sort();
        analysis
    }

    fn add(&mut self, project: &Project, unit: &Unit) {
        let sources = Sources::read(project, unit);
        for (path, _, module) in &sources.modules {
            if let Err(error) = module.as_ref() {
                self.unparsable(project, path, error);
            }
        }
        let index = index_of(&sources);
        let is_own = |id: ModuleId| !is_library(project, index.modules[id].path);
        let workflows = own_workflows(project, &index);
        if workflows.is_empty() {
            return;
        }
        let mut ignores = Ignores::of(&index);
        let mut follower = Follower::new(&index);
        let mut reached = follower.follow(&workflows, &mut ignores);
        let mut others = activity_imports(&index, &workflows);
        others.extend(registration::check(&index, &workflows, &is_own));
        // Those of the code have been compared with the comments on their way.
        others.retain(|found| !ignores.covers(found.module, found.offset, found.rule));
        reached.append(&mut others);
        // Findings share the calls that lead to them, and a position is counted from the start of
        // the file.
        let mut known: HashMap<(ModuleId, usize), Position> = HashMap::new();
        let mut at = |module: ModuleId, offset: usize| {
            let info = &index.modules[module];
            let text = info.module.text();
            let position = known.entry((module, offset));
            At {
                path: info.path.clone(),
                position: *position.or_insert_with(|| Position::of(text, offset)),
            }
        };
        for found in &reached {
            let names = found.workflows.iter();
            let names = names.map(|w| index.classes[workflows[*w].class].def.name.to_string());
            self.findings.push(Finding {
                rule: found.rule,
                at: at(found.module, found.offset),
                message: found.what.clone(),
                trace: found
                    .calls()
                    .map(|call| (called(&index, call), at(call.module, call.offset)))
                    .collect(),
                workflows: names.collect::<BTreeSet<String>>().into_iter().collect(),
            });
        }
        for (module, offset, fault) in ignores.faults() {
            self.findings.push(Finding {
                rule: Rule::Ignore,
                at: at(module, offset),
                message: fault,
                trace: Vec::new(),
                workflows: Vec::new(),
            });
        }
        for (module, offset, call) in follower.unfollowed {
            let at = at(module, offset);
            self.unfollowed.push(Unfollowed { at, call });
        }
        self.workflows += workflows.len();
        self.modules += index.modules.len();
        self.ignored += ignores.used();
    }

    /// A module that cannot be parsed: what it does is not known.
    fn unparsable(&mut self, project: &Project, path: &RelPath, error: &EditError) {
        let at = At {
            path: path.clone(),
            position: error.position().unwrap_or(Position::START),
        };
        if project.text(path).is_some_and(has_definitions) {
            self.findings.push(Finding {
                rule: Rule::Syntax,
                at,
                message: error.to_string(),
                trace: Vec::new(),
                workflows: Vec::new(),
            });
        } else {
            let call = format!("the module cannot be parsed: {error}");
            self.unfollowed.push(Unfollowed { at, call });
        }
    }
}

/// The name of called code in a trace.
fn called(index: &Index<'_>, call: &Call) -> String {
    match call.to {
        Node::Function(function) | Node::Method(function, _) | Node::Wrapper(function, _) => {
            format!("{}()", index.name_of(function))
        }
        Node::New(class) | Node::Decode(class) => {
            format!("{}(…)", index.classes[class].def.name)
        }
        Node::Top(module) => index.modules[module].name.clone(),
    }
}

/// Whether a file belongs to the client library, which only passes on what it is given.
fn is_library(project: &Project, path: &RelPath) -> bool {
    path.parent().is_some_and(|folder| {
        folder.file_name() == "temporal_client"
            && project.entry(&folder.join("unknown.py")).is_some()
    })
}
