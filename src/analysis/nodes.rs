//! What each piece of code does: functions, the creation of objects, modules.

use super::body;
use super::facts::{Facts, Node, Runs};
use super::index::Index;
use super::models;
use super::rules::Rule;
use crate::edit::python::is_forbidden_in_sandbox;

/// What a piece of code does where it runs.
pub(super) fn facts_of(index: &Index<'_>, node: Node, runs: Runs) -> Facts {
    match node {
        Node::Function(function) => body::of_function(index, function, None, runs),
        Node::Method(function, class) => body::of_function(index, function, Some(class), runs),
        Node::Wrapper(decorator, with_arguments) => {
            body::of_wrapper(index, decorator, with_arguments)
        }
        Node::New(class) => models::created(index, class),
        Node::Decode(class) => models::decoded(index, class),
        Node::Top(module) => {
            let mut facts = body::of_module(index, module);
            // What a module defines is its own, and what it only calls when it is imported
            // counts if the workflow gets another value from it, or cannot be loaded.
            facts.hits.retain(|hit| match hit.rule {
                Rule::Clock | Rule::Random | Rule::SetOrder | Rule::Hash | Rule::ModelDefault => {
                    true
                }
                Rule::GlobalState | Rule::Environment => false,
                _ => hit.function.as_deref().is_some_and(is_forbidden_in_sandbox),
            });
            facts.unfollowed.clear();
            facts.edges.clear();
            facts
        }
    }
}
