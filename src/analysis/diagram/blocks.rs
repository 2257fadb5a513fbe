//! Draws what has blocks: branches, loops and `try`.

use ruff_python_ast::{Expr, Stmt, StmtTry};

use super::steps::Steps;
use super::{Drawing, End, Loop, MAX_NODES};

impl<'a> Drawing<'_, 'a> {
    pub(super) fn branches(
        &mut self,
        steps: &Steps<'_, 'a>,
        branches: &[(Option<&'a Expr>, &'a [Stmt])],
    ) {
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
    pub(super) fn repeat(
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
    pub(super) fn attempt(&mut self, steps: &Steps<'_, 'a>, block: &'a StmtTry) {
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
}
