//! Follows the calls of workflow code through a service, and collects the rules that it breaks.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::rc::Rc;

use super::decorators::is_stub;
use super::facts::{Facts, Given, Node, Receiver, Runs};
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
    /// The last call on the way from the workflow to the code.
    pub(super) trace: Trace,
    /// The workflows that reach it; none if it is not about code that runs.
    pub(super) workflows: Vec<usize>,
}

impl Reached {
    /// The calls from the workflow to the code, in this order: those of a long way from both
    /// ends.
    pub(super) fn calls(&self) -> impl Iterator<Item = &Call> {
        /// The number of calls that are shown from each end.
        const MAX_CALLS: usize = 20;
        let mut calls: Vec<&Call> =
            std::iter::successors(self.trace.as_deref(), |call| call.before.as_deref()).collect();
        calls.reverse();
        if calls.len() > 2 * MAX_CALLS {
            calls.drain(MAX_CALLS..calls.len() - MAX_CALLS);
        }
        calls.into_iter()
    }
}

/// A call on the way to a finding.
pub(super) struct Call {
    /// The called code.
    pub(super) to: Node,
    pub(super) module: ModuleId,
    pub(super) offset: usize,
    /// The call before this one.
    before: Trace,
}

/// The last call of a way, which knows the calls before it; `None` for the workflow's own code.
pub(super) type Trace = Option<Rc<Call>>;

impl Drop for Call {
    /// Without recursion: a way may be long.
    fn drop(&mut self) {
        let mut before = self.before.take();
        while let Some(mut call) = before.and_then(|call| Rc::try_unwrap(call).ok()) {
            before = call.before.take();
        }
    }
}

/// Follows calls, and remembers what each piece of code does.
pub(super) struct Follower<'i, 'a> {
    index: &'i Index<'a>,
    facts: HashMap<(Node, Runs), Rc<Facts>>,
    /// Calls that could not be followed: their module, offset and text.
    pub(super) unfollowed: BTreeSet<(ModuleId, usize, String)>,
}

/// What a state is compared by, besides what is allowed.
type Seen = (Node, bool, Given);

/// What comments allow on the ways to a piece of code.
///
/// A rule is broken there if some way does not allow it. So a further way matters only if it
/// allows less, or has a comment that is not known to be used: there are few of these, however
/// many ways there are.
#[derive(Default)]
struct Ways {
    /// What all ways allow.
    on_all: BTreeSet<Rule>,
    /// The comments on any way.
    comments: BTreeSet<Allowed>,
}

impl Ways {
    fn of(allowed: &BTreeSet<Allowed>) -> Self {
        Self {
            on_all: allowed.iter().map(|allowed| allowed.0).collect(),
            comments: allowed.clone(),
        }
    }

    /// Add a way. Returns whether it matters.
    fn add(&mut self, allowed: &BTreeSet<Allowed>) -> bool {
        let before = (self.on_all.len(), self.comments.len());
        let rules: BTreeSet<Rule> = allowed.iter().map(|allowed| allowed.0).collect();
        self.on_all.retain(|rule| rules.contains(rule));
        self.comments.extend(allowed);
        before != (self.on_all.len(), self.comments.len())
    }
}

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
        }
    }

    fn facts(&mut self, node: Node, runs: Runs) -> Rc<Facts> {
        let index = self.index;
        let facts = self.facts.entry((node, runs));
        facts
            .or_insert_with(|| Rc::new(facts_of(index, node, runs)))
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
        let mut waiting: VecDeque<(State, Trace)> = roots.map(|node| (start(node), None)).collect();
        let mut seen: HashMap<Seen, Ways> = HashMap::new();
        for (state, _) in &waiting {
            seen.insert((state.node, false, Given::None), Ways::default());
        }
        while let Some((state, trace)) = waiting.pop_front() {
            let facts = self.facts(state.node, Runs::InWorkflow);
            let own = self.module_of(state.node);
            let mut add = |rule: Rule, module: ModuleId, offset: usize, what: &str| {
                let mut allowed = state
                    .allowed
                    .iter()
                    .filter(|allowed| allowed.0 == rule)
                    .peekable();
                if allowed.peek().is_some() {
                    allowed.for_each(|allowed| ignores.use_comment(*allowed));
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
                    add(hit.rule, hit.module, hit.offset, &hit.what);
                }
            }
            for executed in &facts.executed {
                if executed.needs_heartbeats && !self.may_heartbeat(executed.function) {
                    let name = self.index.name_of(executed.function);
                    let what = format!(
                        "`{name}` has a heartbeat timeout, and never calls \
                         `activity.heartbeat()`"
                    );
                    add(Rule::Heartbeat, own, executed.offset, &what);
                }
            }
            for (offset, text) in &facts.unfollowed {
                self.unfollowed.insert((own, *offset, text.clone()));
            }
            for edge in &facts.edges {
                if is_given(&state.given, edge.field.as_deref()) {
                    continue;
                }
                let mut allowed = state.allowed.clone();
                allowed.extend(ignores.at(edge.module, edge.offset));
                let next = State {
                    node: edge.to,
                    is_shared: match edge.receiver {
                        Receiver::Shared => true,
                        Receiver::Same => state.is_shared,
                        Receiver::Own => false,
                    },
                    given: edge.given.clone(),
                    allowed,
                };
                let key = (next.node, next.is_shared, next.given.clone());
                let is_new = match seen.entry(key) {
                    Entry::Vacant(entry) => {
                        entry.insert(Ways::of(&next.allowed));
                        true
                    }
                    Entry::Occupied(mut entry) => entry.get_mut().add(&next.allowed),
                };
                if is_new {
                    let call = Call {
                        to: edge.to,
                        module: edge.module,
                        offset: edge.offset,
                        before: trace.clone(),
                    };
                    waiting.push_back((next, Some(Rc::new(call))));
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
            let facts = self.facts(node, Runs::InActivity);
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
