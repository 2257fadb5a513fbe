//! Follows the calls of workflow code through a service, and collects the rules that it breaks.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::rc::Rc;

use super::decorators::is_stub;
use super::facts::{Facts, Given, Node, Receiver};
use super::ignore::{Allowed, Ignores};
use super::index::{FunctionId, Index, ModuleId};
use super::nodes::facts_of;
use super::rules::Rule;
use super::workflow::Workflow;

/// A rule that workflow code breaks, with the calls that lead there.
pub(super) struct Reached {
    pub(super) rule: Rule,
    pub(super) module: ModuleId,
    pub(super) offset: usize,
    pub(super) what: String,
    /// The calls from the workflow to the code: each with its place.
    pub(super) trace: Vec<Call>,
    /// The workflows that reach it, at least one.
    pub(super) workflows: Vec<usize>,
}

/// A call on the way to a finding.
#[derive(Clone)]
pub(super) struct Call {
    /// The called code.
    pub(super) to: Node,
    pub(super) module: ModuleId,
    pub(super) offset: usize,
}

/// Follows calls, and remembers what each piece of code does.
pub(super) struct Follower<'i, 'a> {
    index: &'i Index<'a>,
    facts: HashMap<Node, Rc<Facts>>,
    /// Calls that could not be followed: their module, offset and text.
    pub(super) unfollowed: BTreeSet<(ModuleId, usize, String)>,
    /// The activities of the service that workflows execute, with the places of the calls.
    pub(super) executed: BTreeMap<FunctionId, (ModuleId, usize)>,
}

/// What a state is compared by, besides what is allowed.
type Seen = (Node, bool, Given);

/// A piece of code as it was reached.
#[derive(Clone)]
struct State {
    node: Node,
    is_shared: bool,
    /// The fields that a created object is given.
    given: Given,
    /// What comments on the way allow.
    allowed: BTreeSet<Allowed>,
}

impl<'i, 'a> Follower<'i, 'a> {
    pub(super) fn new(index: &'i Index<'a>) -> Self {
        Self {
            index,
            facts: HashMap::new(),
            unfollowed: BTreeSet::new(),
            executed: BTreeMap::new(),
        }
    }

    fn facts(&mut self, node: Node) -> Rc<Facts> {
        let index = self.index;
        let facts = self.facts.entry(node);
        facts
            .or_insert_with(|| Rc::new(facts_of(index, node)))
            .clone()
    }

    fn module_of(&self, node: Node) -> ModuleId {
        match node {
            Node::Function(function) | Node::Method(function, _) | Node::Wrapper(function, _) => {
                self.index.functions[function].module
            }
            Node::New(class) | Node::Decode(class) => self.index.classes[class].module,
            Node::Top(module) => module,
        }
    }

    /// The rules that the code of these workflows breaks.
    pub(super) fn follow(&mut self, workflows: &[Workflow], ignores: &mut Ignores) -> Vec<Reached> {
        let mut found: BTreeMap<(ModuleId, usize, Rule), Reached> = BTreeMap::new();
        for (number, workflow) in workflows.iter().enumerate() {
            let module = self.index.classes[workflow.class].module;
            let class = workflow.class;
            let handlers = workflow.handlers.iter().map(|h| Node::Method(*h, class));
            let inputs = workflow.inputs.iter().map(|class| Node::Decode(*class));
            let roots = handlers.chain(inputs).chain([Node::Top(module)]);
            self.follow_from(roots, number, ignores, &mut found);
        }
        found.into_values().collect()
    }

    fn follow_from(
        &mut self,
        roots: impl Iterator<Item = Node>,
        workflow: usize,
        ignores: &mut Ignores,
        found: &mut BTreeMap<(ModuleId, usize, Rule), Reached>,
    ) {
        let start = |node| State {
            node,
            is_shared: false,
            given: Given::None,
            allowed: BTreeSet::new(),
        };
        let mut waiting: VecDeque<(State, Vec<Call>)> =
            roots.map(|node| (start(node), Vec::new())).collect();
        let mut seen: HashMap<Seen, Vec<BTreeSet<Allowed>>> = HashMap::new();
        for (state, _) in &waiting {
            seen.insert((state.node, false, Given::None), vec![BTreeSet::new()]);
        }
        while let Some((state, trace)) = waiting.pop_front() {
            let facts = self.facts(state.node);
            let module = self.module_of(state.node);
            let mut add = |rule: Rule, offset: usize, what: &str| {
                if let Some(allowed) = state.allowed.iter().find(|allowed| allowed.0 == rule) {
                    ignores.use_comment(*allowed);
                    return;
                }
                if ignores.covers(module, offset, rule) {
                    return;
                }
                let reached = found
                    .entry((module, offset, rule))
                    .or_insert_with(|| Reached {
                        rule,
                        module,
                        offset,
                        what: what.to_owned(),
                        trace: trace.clone(),
                        workflows: Vec::new(),
                    });
                if reached.workflows.last() != Some(&workflow) {
                    reached.workflows.push(workflow);
                }
            };
            for hit in &facts.hits {
                let counts = !hit.needs_shared || state.is_shared;
                if counts && !is_given(&state.given, hit.field.as_deref()) {
                    add(hit.rule, hit.offset, &hit.what);
                }
            }
            for executed in &facts.executed {
                let place = (module, executed.offset);
                self.executed.entry(executed.function).or_insert(place);
                if executed.needs_heartbeats && !self.may_heartbeat(executed.function) {
                    let name = self.index.name_of(executed.function);
                    let what = format!(
                        "`{name}` has a heartbeat timeout, and never calls \
                         `activity.heartbeat()`"
                    );
                    add(Rule::Heartbeat, executed.offset, &what);
                }
            }
            for (offset, text) in &facts.unfollowed {
                self.unfollowed.insert((module, *offset, text.clone()));
            }
            for edge in &facts.edges {
                if is_given(&state.given, edge.field.as_deref()) {
                    continue;
                }
                let mut allowed = state.allowed.clone();
                allowed.extend(ignores.at(module, edge.offset));
                let next = State {
                    node: edge.to,
                    is_shared: match edge.receiver {
                        Receiver::Shared => true,
                        Receiver::Same => state.is_shared,
                        Receiver::Own => false,
                    },
                    given: match edge.to {
                        // The fields of the base class are those of the same object.
                        Node::New(_) if edge.given == Given::None => state.given.clone(),
                        _ => edge.given.clone(),
                    },
                    allowed,
                };
                // With less allowed, more is found: a state that allows more adds nothing.
                let key = (next.node, next.is_shared, next.given.clone());
                let known = seen.entry(key).or_default();
                let is_new = !known.iter().any(|known| known.is_subset(&next.allowed));
                if is_new {
                    known.push(next.allowed.clone());
                    let call = Call {
                        to: edge.to,
                        module,
                        offset: edge.offset,
                    };
                    let trace = trace.iter().cloned().chain([call]).collect();
                    waiting.push_back((next, trace));
                }
            }
        }
    }

    /// Whether an activity sends heartbeats, or may send them in code that is not followed.
    fn may_heartbeat(&mut self, activity: FunctionId) -> bool {
        // Another decorator may send them, or mark the activity for an interceptor that does.
        let decorators = &self.index.functions[activity].def.decorator_list;
        if decorators.len() > 1 || is_stub(self.index, activity) {
            return true;
        }
        let mut waiting = vec![Node::Function(activity)];
        let mut seen: HashSet<Node> = waiting.iter().copied().collect();
        while let Some(node) = waiting.pop() {
            let facts = self.facts(node);
            if facts.heartbeats || !facts.unfollowed.is_empty() {
                return true;
            }
            let next = facts.edges.iter().map(|edge| edge.to);
            waiting.extend(next.filter(|node| seen.insert(*node)));
        }
        false
    }
}

/// Whether a default value is not used, because its field is given.
fn is_given(given: &Given, field: Option<&str>) -> bool {
    field.is_some_and(|field| given.has(field))
}
