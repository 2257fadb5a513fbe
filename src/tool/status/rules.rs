//! The rules of workflow code that a project breaks, as warnings of `status`.

use crate::analysis::{Analysis, Finding, Rule};
use crate::plan::{Next, Warning};
use crate::problem::WarningCode;
use crate::project::Project;
use crate::tool::example;

/// The rules that are broken, and the call that explains them. What another warning says of the
/// same file is left out.
pub(super) fn broken_rules(project: &Project, others: &[Warning]) -> (Vec<Warning>, Option<Next>) {
    let analysis = Analysis::of(project, None);
    let is_new = |finding: &&Finding| {
        let code = match finding.rule {
            Rule::DuplicateName => WarningCode::DuplicateType,
            Rule::Syntax => WarningCode::Unparsable,
            Rule::UnregisteredWorkflow => WarningCode::NotRegistered,
            _ => return true,
        };
        !others
            .iter()
            .any(|other| other.code == code && other.path.as_ref() == Some(&finding.at.path))
    };
    let findings: Vec<&Finding> = analysis.findings.iter().filter(is_new).collect();
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
