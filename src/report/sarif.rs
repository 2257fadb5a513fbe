//! Findings as SARIF 2.1.0, the format that code scanning services read.
//!
//! Source: OASIS, "Static Analysis Results Interchange Format (SARIF) Version 2.1.0".

use serde_json::{Value, json};

use super::findings::ReportedFinding;
use crate::analysis::Rule;

/// Findings as a log with one run, or the error that prevents it.
pub(super) fn log(findings: &[ReportedFinding], error: Option<&str>) -> Value {
    let mut invocation = json!({"executionSuccessful": error.is_none()});
    if let Some(error) = error {
        invocation["toolExecutionNotifications"] =
            json!([{"level": "error", "message": {"text": error}}]);
    }
    let rules: Vec<Value> = Rule::ALL
        .iter()
        .map(|rule| {
            json!({
                "id": rule.code(),
                "shortDescription": {"text": rule.title()},
                "fullDescription": {"text": rule.why()},
                "help": {"text": rule.instead()},
                "defaultConfiguration": {"level": "error"},
            })
        })
        .collect();
    let results: Vec<Value> = findings.iter().map(result).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "bluetext",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            "invocations": [invocation],
            "columnKind": "unicodeCodePoints",
            "originalUriBaseIds": {"PROJECT": {"description": {"text": "the project's folder"}}},
            "results": results,
        }],
    })
}

fn result(finding: &ReportedFinding) -> Value {
    let mut result = json!({
        "ruleId": finding.rule,
        "ruleIndex": Rule::ALL.iter().position(|rule| rule.code() == finding.rule),
        "level": "error",
        "message": {"text": format!("{}. {} {}", finding.message, finding.why, finding.instead)},
        "locations": [location(&finding.path, finding.line, finding.column, None)],
    });
    if !finding.calls.is_empty() {
        let locations: Vec<Value> = finding
            .calls
            .iter()
            .map(|call| {
                let location = location(&call.path, call.line, call.column, Some(&call.called));
                json!({"location": location})
            })
            .collect();
        result["codeFlows"] = json!([{"threadFlows": [{"locations": locations}]}]);
    }
    result
}

fn location(path: &str, line: usize, column: usize, message: Option<&str>) -> Value {
    let mut location = json!({
        "physicalLocation": {
            "artifactLocation": {"uri": uri(path), "uriBaseId": "PROJECT"},
            "region": {"startLine": line, "startColumn": column},
        },
    });
    if let Some(message) = message {
        location["message"] = json!({"text": message});
    }
    location
}

/// A path as a relative URI (RFC 3986): other characters are percent-encoded.
fn uri(path: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/!$&'()*+,;=@".contains(&byte);
    path.bytes()
        .map(|byte| {
            if is_plain(byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::uri;

    #[test]
    fn paths_are_encoded() {
        assert_eq!(uri("a b/ä:c%.py"), "a%20b/%C3%A4%3Ac%25.py");
    }
}
