//! Draws a workflow as a Mermaid flowchart: its activities, child workflows, timers, waits,
//! branches and messages.
//!
//! Source: Mermaid's documentation of flowcharts. Statements that neither call Temporal nor
//! end the workflow are left out.

mod steps;

use ruff_python_ast::visitor::Visitor;
use ruff_python_ast::{Expr, ExprCall, Stmt, StmtTry};

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
    fn node(&mut self, open: &str, text: &str, close: &str) -> String {
        self.nodes += 1;
        let id = format!("n{}", self.nodes);
        self.lines
            .push(format!("    {id}{open}\"{}\"{close}", escaped(text)));
        id
    }

    /// Connect a node with what leads to it.
    fn connect(&mut self, node: &str) {
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

    fn body(&mut self, steps: &Steps<'_, 'a>, body: &'a [Stmt]) {
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
    fn leave(&mut self, text: &str) {
        let ends = std::mem::take(&mut self.ends);
        if let Some(returns) = self.returns.last_mut() {
            returns.extend(ends);
        } else {
            self.ends = ends;
            self.stop(text);
        }
    }

    fn branches(&mut self, steps: &Steps<'_, 'a>, branches: &[(Option<&'a Expr>, &'a [Stmt])]) {
        let mut ends = Vec::new();
        let mut has_else = false;
        let matter = branches.iter().any(|(_, body)| steps.matter(body));
        for (test, body) in branches {
            if let Some(test) = test {
                self.expression(steps, test);
                if !matter {
                    continue;
                }
                let choice = self.node("{", &steps.text(test), "}");
                self.connect(&choice);
                self.ends = vec![End::labelled(&choice, "yes")];
                self.body(steps, body);
                ends.append(&mut self.ends);
                self.ends = vec![End::labelled(&choice, "no")];
            } else {
                has_else = true;
                if matter {
                    self.body(steps, body);
                    ends.append(&mut self.ends);
                }
            }
        }
        if matter {
            if !has_else {
                ends.append(&mut self.ends);
            }
            self.ends = ends;
        }
    }

    /// A loop. The steps of its condition are made each time.
    fn repeat(
        &mut self,
        steps: &Steps<'_, 'a>,
        label: &str,
        condition: Option<&'a Expr>,
        body: &'a [Stmt],
        otherwise: &'a [Stmt],
    ) {
        let has_steps = condition.is_some_and(|condition| !steps.calls_in(condition).is_empty());
        if !has_steps && !steps.matter(body) {
            self.body(steps, otherwise);
            return;
        }
        let first = self.nodes + 1;
        if let Some(condition) = condition {
            self.expression(steps, condition);
        }
        let node = self.node("{{", label, "}}");
        self.connect(&node);
        let first = format!("n{first}");
        self.loops.push(Loop {
            node: first.clone(),
            breaks: Vec::new(),
        });
        self.ends = vec![End::labelled(&node, "each")];
        self.body(steps, body);
        if !self.ends.is_empty() {
            self.connect(&first);
        }
        let is_endless = matches!(condition, Some(Expr::BooleanLiteral(literal)) if literal.value);
        let breaks = self.loops.pop().map_or_else(Vec::new, |inner| inner.breaks);
        self.ends = if is_endless {
            Vec::new()
        } else {
            vec![End::labelled(&node, "then")]
        };
        self.body(steps, otherwise);
        self.ends.extend(breaks);
    }

    /// `try`: the final body follows the normal way out and that of a `return`.
    fn attempt(&mut self, steps: &Steps<'_, 'a>, block: &'a StmtTry) {
        if !steps.matter(&block.finalbody) {
            self.attempt_without_final(steps, block);
            return;
        }
        self.returns.push(Vec::new());
        self.attempt_without_final(steps, block);
        let returned = self.returns.pop().unwrap_or_default();
        if self.nodes > MAX_NODES {
            self.ends.extend(returned);
            self.body(steps, &block.finalbody);
            return;
        }
        self.body(steps, &block.finalbody);
        let after = std::mem::replace(&mut self.ends, returned);
        self.body(steps, &block.finalbody);
        self.leave("completed");
        self.ends = after;
    }

    /// A dotted arrow leads from the last step of the body to each handler.
    fn attempt_without_final(&mut self, steps: &Steps<'_, 'a>, block: &'a StmtTry) {
        let before = self.ends.clone();
        let step_before = self.last_step.take();
        self.body(steps, &block.body);
        let last = self.last_step.clone();
        self.last_step = last.clone().or(step_before);
        self.body(steps, &block.orelse);
        let mut ends = std::mem::take(&mut self.ends);
        for handler in &block.handlers {
            let ruff_python_ast::ExceptHandler::ExceptHandler(handler) = handler;
            let caught = handler
                .type_
                .as_deref()
                .map_or_else(|| "error".to_owned(), |caught| steps.text(caught));
            self.ends = match &last {
                Some(node) => vec![End {
                    is_dotted: true,
                    ..End::labelled(node, &caught)
                }],
                None => before.clone(),
            };
            self.body(steps, &handler.body);
            for end in std::mem::take(&mut self.ends) {
                if !ends.contains(&end) {
                    ends.push(end);
                }
            }
        }
        self.ends = ends;
    }

    fn expression(&mut self, steps: &Steps<'_, 'a>, expression: &'a Expr) {
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
