//! Draws a workflow as a Mermaid flowchart: its activities, child workflows, timers, waits,
//! branches and messages.
//!
//! Source: Mermaid's documentation of flowcharts. Statements that neither call Temporal nor
//! end the workflow are left out.

mod blocks;
mod steps;

use ruff_python_ast::visitor::Visitor;
use ruff_python_ast::{Expr, ExprCall, Stmt};

use super::decorators::{Handler, handler_of, message_name};
use super::index::{ClassId, FunctionId, Index};
use super::workflow::Workflow;
use steps::{MAX_DEPTH, Step, Steps};

/// The number of nodes after which a function is one node, and a final body is drawn once: each
/// call draws the function again.
const MAX_NODES: usize = 500;

/// The diagram of a workflow.
pub(super) fn draw(index: &Index<'_>, workflow: &Workflow) -> String {
    let class = &index.classes[workflow.class];
    let mut drawing = Drawing {
        index,
        lines: vec!["flowchart TD".to_owned()],
        nodes: 0,
        last_step: None,
        ends: Vec::new(),
        loops: Vec::new(),
        returns: Vec::new(),
        calls: Vec::new(),
    };
    let run = workflow
        .handlers
        .iter()
        .find(|handler| handler_of(index, **handler) == Some(Handler::Run));
    let start = drawing.node("([", class.def.name.as_str(), "])");
    if let Some(run) = run {
        drawing.ends = vec![End::of(start.clone())];
        drawing.function(*run, Some(workflow.class));
        if !drawing.ends.is_empty() {
            let done = drawing.node("([", "completed", "])");
            drawing.connect(&done);
        }
    }
    for handler in &workflow.handlers {
        let kind = match handler_of(index, *handler) {
            Some(Handler::Signal) => "signal",
            Some(Handler::Query) => "query",
            Some(Handler::Update) => "update",
            _ => continue,
        };
        let name = message_name(index, *handler);
        let message = drawing.node(">", &format!("{kind} {name}"), "]");
        drawing.lines.push(format!("    {message} -.-> {start}"));
    }
    drawing.lines.join("\n") + "\n"
}

/// A node that the next one is connected with, and what the connection says.
#[derive(Debug, Clone, PartialEq, Eq)]
struct End {
    node: String,
    label: Option<String>,
    is_dotted: bool,
}

impl End {
    fn of(node: String) -> Self {
        Self {
            node,
            label: None,
            is_dotted: false,
        }
    }

    fn labelled(node: &str, label: &str) -> Self {
        Self {
            label: Some(label.to_owned()),
            ..Self::of(node.to_owned())
        }
    }
}

/// A loop that is being drawn.
struct Loop {
    /// Where it begins again.
    node: String,
    /// Where `break` leaves it.
    breaks: Vec<End>,
}

struct Drawing<'i, 'a> {
    index: &'i Index<'a>,
    lines: Vec<String>,
    nodes: usize,
    /// The last node that may fail.
    last_step: Option<String>,
    /// What the next node is connected with; empty if no code is reached.
    ends: Vec<End>,
    loops: Vec<Loop>,
    /// Where each function that is drawn in place returns.
    returns: Vec<Vec<End>>,
    /// The functions that are being drawn.
    calls: Vec<FunctionId>,
}

impl<'a> Drawing<'_, 'a> {
    pub(super) fn node(&mut self, open: &str, text: &str, close: &str) -> String {
        self.nodes += 1;
        let id = format!("n{}", self.nodes);
        self.lines
            .push(format!("    {id}{open}\"{}\"{close}", escaped(text)));
        id
    }

    /// Connect a node with what leads to it.
    pub(super) fn connect(&mut self, node: &str) {
        let ends = std::mem::replace(&mut self.ends, vec![End::of(node.to_owned())]);
        for end in ends {
            let arrow = match (&end.label, end.is_dotted) {
                (None, false) => "-->".to_owned(),
                (None, true) => "-.->".to_owned(),
                (Some(label), false) => format!("-->|\"{}\"|", escaped(label)),
                (Some(label), true) => format!("-.->|\"{}\"|", escaped(label)),
            };
            self.lines.push(format!("    {} {arrow} {node}", end.node));
        }
    }

    fn step(&mut self, open: &str, text: &str, close: &str) {
        if self.ends.is_empty() {
            return;
        }
        let node = self.node(open, text, close);
        self.connect(&node);
        self.last_step = Some(node);
    }

    /// A node at which a path ends.
    fn stop(&mut self, text: &str) {
        if !self.ends.is_empty() {
            let node = self.node("([", text, "])");
            self.connect(&node);
            self.ends.clear();
        }
    }

    fn function(&mut self, function: FunctionId, class: Option<ClassId>) {
        let info = &self.index.functions[function];
        self.calls.push(function);
        let steps = Steps::of(self.index, function, class);
        self.body(&steps, &info.def.body);
        self.calls.pop();
    }

    pub(super) fn body(&mut self, steps: &Steps<'_, 'a>, body: &'a [Stmt]) {
        for statement in body {
            if self.ends.is_empty() {
                return;
            }
            self.statement(steps, statement);
        }
    }

    fn statement(&mut self, steps: &Steps<'_, 'a>, statement: &'a Stmt) {
        match statement {
            Stmt::Return(returned) => {
                if let Some(value) = &returned.value {
                    self.expression(steps, value);
                }
                self.leave("completed");
            }
            Stmt::Raise(raise) => {
                let raised = raise.exc.as_deref().map(|raised| match raised {
                    Expr::Call(call) => &*call.func,
                    raised => raised,
                });
                let name = raised.map_or_else(String::new, |raised| steps.text(raised));
                self.stop(format!("fails {name}").trim_end());
            }
            Stmt::If(block) => {
                let mut branches: Vec<(Option<&'a Expr>, &'a [Stmt])> =
                    vec![(Some(&*block.test), &*block.body)];
                for clause in &block.elif_else_clauses {
                    branches.push((clause.test.as_ref(), &*clause.body));
                }
                self.branches(steps, &branches);
            }
            Stmt::For(block) => {
                self.expression(steps, &block.iter);
                let text = format!(
                    "for {} in {}",
                    steps.text(&*block.target),
                    steps.text(&*block.iter)
                );
                self.repeat(steps, &text, None, &block.body, &block.orelse);
            }
            Stmt::While(block) => {
                let text = format!("while {}", steps.text(&*block.test));
                self.repeat(steps, &text, Some(&block.test), &block.body, &block.orelse);
            }
            Stmt::Break(_) => {
                let ends = std::mem::take(&mut self.ends);
                if let Some(inner) = self.loops.last_mut() {
                    inner.breaks.extend(ends);
                }
            }
            Stmt::Continue(_) => {
                if let Some(node) = self.loops.last().map(|inner| inner.node.clone()) {
                    self.connect(&node);
                }
                self.ends.clear();
            }
            Stmt::Try(block) => self.attempt(steps, block),
            Stmt::With(block) => {
                for item in &block.items {
                    self.expression(steps, &item.context_expr);
                }
                self.body(steps, &block.body);
            }
            Stmt::Match(block) => {
                self.expression(steps, &block.subject);
                let start = self.ends.clone();
                if !block.cases.iter().any(|case| steps.matter(&case.body)) {
                    return;
                }
                self.ends = start;
                let choice = self.node("{", &steps.text(&*block.subject), "}");
                self.connect(&choice);
                let mut ends = Vec::new();
                for case in &block.cases {
                    self.ends = vec![End::labelled(&choice, &steps.text(&case.pattern))];
                    self.body(steps, &case.body);
                    ends.append(&mut self.ends);
                }
                let is_exhaustive = block
                    .cases
                    .iter()
                    .any(|case| case.guard.is_none() && case.pattern.is_irrefutable());
                if !is_exhaustive {
                    ends.push(End::labelled(&choice, "otherwise"));
                }
                self.ends = ends;
            }
            Stmt::FunctionDef(_) | Stmt::ClassDef(_) => {}
            _ => {
                let mut found = Expressions(Vec::new());
                found.visit_stmt(statement);
                for expression in found.0 {
                    self.expression(steps, expression);
                }
            }
        }
    }

    /// The end of the function that is drawn: of the workflow, or of one drawn in place.
    pub(super) fn leave(&mut self, text: &str) {
        let ends = std::mem::take(&mut self.ends);
        if let Some(returns) = self.returns.last_mut() {
            returns.extend(ends);
        } else {
            self.ends = ends;
            self.stop(text);
        }
    }

    pub(super) fn expression(&mut self, steps: &Steps<'_, 'a>, expression: &'a Expr) {
        for call in steps.calls_in(expression) {
            if self.ends.is_empty() {
                return;
            }
            self.call(steps, call);
        }
    }

    fn call(&mut self, steps: &Steps<'_, 'a>, call: &'a ExprCall) {
        let Some(step) = steps.step_of(call) else {
            return;
        };
        match step {
            Step::Activity(name) => self.step("[", &name, "]"),
            Step::Child(name) => self.step("[[", &name, "]]"),
            Step::Timer(text) => self.step("(", &text, ")"),
            Step::Wait(text) => self.step("{{", &text, "}}"),
            Step::ContinueAsNew => self.stop("continues as new"),
            Step::Together(parts) => {
                let start = std::mem::take(&mut self.ends);
                let mut ends = Vec::new();
                for part in parts {
                    self.ends.clone_from(&start);
                    self.expression(steps, part);
                    for end in std::mem::take(&mut self.ends) {
                        if !ends.contains(&end) {
                            ends.push(end);
                        }
                    }
                }
                self.ends = ends;
            }
            Step::Own(function, class) => {
                if self.calls.contains(&function) {
                    return;
                }
                if self.calls.len() > MAX_DEPTH || self.nodes > MAX_NODES {
                    let name = self.index.name_of(function);
                    self.step("[[", &name, "]]");
                    return;
                }
                self.returns.push(Vec::new());
                let loops = std::mem::take(&mut self.loops);
                self.function(function, class);
                self.loops = loops;
                let returned = self.returns.pop().unwrap_or_default();
                self.ends.extend(returned);
            }
        }
    }
}

/// The expressions of a statement, without those of inner statements.
struct Expressions<'a>(Vec<&'a Expr>);

impl<'a> Visitor<'a> for Expressions<'a> {
    fn visit_expr(&mut self, expression: &'a Expr) {
        self.0.push(expression);
    }
}

/// A text within quotes: Mermaid reads entities such as `#quot;` there.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        match character {
            '"' => escaped.push_str("#quot;"),
            '#' => escaped.push_str("#35;"),
            '<' => escaped.push_str("#lt;"),
            '>' => escaped.push_str("#gt;"),
            '`' => escaped.push_str("#96;"),
            character if character.is_control() => escaped.push(' '),
            character => escaped.push(character),
        }
    }
    escaped
}
