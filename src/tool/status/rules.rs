//! The rules of workflow code that a project breaks, as warnings of `status`.

use crate::analysis::{Analysis, Finding, Rule};
use crate::plan::{Next, Warning};
use crate::problem::WarningCode;
use crate::project::Project;
use crate::tool::example;

/// The rules that are broken, and the call that explains them.
///
/// What [`super::Findings`] finds as well is left out.
pub(super) fn broken_rules(project: &Project) -> (Vec<Warning>, Option<Next>) {
    let analysis = Analysis::of(project, None);
    let is_known = |finding: &&Finding| {
        let others = [
            Rule::DuplicateName,
            Rule::Syntax,
            Rule::UnregisteredWorkflow,
        ];
        !others.contains(&finding.rule)
    };
    let findings: Vec<&Finding> = analysis.findings.iter().filter(is_known).collect();
    let warnings: Vec<Warning> = findings
        .iter()
        .map(|finding| Warning {
            code: WarningCode::RuleBroken,
            message: format!(
                "`{}:{}:{}` breaks the rule `{}`: {}. {}",
                finding.at.path,
                finding.at.position.line,
                finding.at.position.column,
                finding.rule.code(),
                finding.message,
                finding.rule.instead(),
            ),
            path: Some(finding.at.path.clone()),
        })
        .collect();
    let why = "shows the rules that workflow code breaks, and what to write instead";
    let next = (!warnings.is_empty()).then(|| example::check(why));
    (warnings, next)
}
