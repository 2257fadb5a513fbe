//! An interpreter of `polytope.yml` files, based on Polytope's documentation and public
//! projects: includes, parameters with defaults, references, paths and the arguments of the
//! built-in tools. It rejects unknown syntax, so that only proven syntax is generated.
//! `docs/polytope.md` names the sources and the unconfirmed parts.
#![allow(dead_code, reason = "each test file uses a part")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_yaml::{Mapping, Value};

/// A tool of a project, and the file that defines it.
struct Tool {
    file: PathBuf,
    value: Mapping,
}

/// The tools of a project.
pub(crate) struct Polytope {
    tools: BTreeMap<String, Tool>,
    /// The values of `pt.value`.
    pub(crate) values: BTreeMap<String, String>,
}

/// A container that a tool creates.
#[derive(Debug, Clone)]
pub(crate) struct Container {
    /// The tool and the step that create it, e.g. `temporal.server`.
    pub(crate) step: String,
    /// The built-in tool that the step calls, e.g. `polytope/python`.
    pub(crate) kind: String,
    /// Its arguments, with every reference resolved.
    pub(crate) args: Mapping,
    /// The folder that is mounted at `/app`.
    pub(crate) code: Option<PathBuf>,
    /// Whether another step waits until it exits.
    pub(crate) is_waited_for: bool,
}

type Checked<T> = Result<T, String>;

impl Polytope {
    /// Read the project's `polytope.yml` and what it includes.
    pub(crate) fn read(project: &Path) -> Checked<Self> {
        let mut tools = Self {
            tools: BTreeMap::new(),
            values: BTreeMap::new(),
        };
        tools.read_file(&project.join("polytope.yml"))?;
        Ok(tools)
    }

    fn read_file(&mut self, file: &Path) -> Checked<()> {
        let read = std::fs::read_to_string(file).map_err(|e| format!("{}: {e}", file.display()))?;
        let value: Value = serde_yaml::from_str(&read).map_err(|e| e.to_string())?;
        let top = mapping(&value, "the file")?;
        keys(
            top,
            &["include", "tools", "instructions", "mcp"],
            "the file",
        )?;
        for include in list(top.get("include"), "include")? {
            let Some(folder) = include.as_str() else {
                // From another repository.
                keys(mapping(include, "include")?, &["repo", "path"], "include")?;
                continue;
            };
            let path = file.parent().unwrap().join(folder);
            self.read_file(&path.join("polytope.yml"))?;
        }
        let Some(tools) = top.get("tools").filter(|tools| !tools.is_null()) else {
            return Ok(());
        };
        for (name, tool) in mapping(tools, "tools")? {
            let name = text(name, "a tool's name")?.to_owned();
            let value = mapping(tool, &name)?.clone();
            let known = ["info", "params", "inputs", "run", "await", "name"];
            keys(&value, &known, &name)?;
            let file = file.to_owned();
            if self
                .tools
                .insert(name.clone(), Tool { file, value })
                .is_some()
            {
                return Err(format!("the tool `{name}` is defined twice"));
            }
        }
        Ok(())
    }

    /// The names of the tools.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.tools.keys().map(String::as_str)
    }

    /// The containers that a tool creates with these arguments, in the order of its steps.
    pub(crate) fn run(&self, name: &str, given: &[(&str, Value)]) -> Checked<Vec<Container>> {
        let given = given
            .iter()
            .map(|(k, v)| ((*k).into(), v.clone()))
            .collect();
        self.run_with(name, &given, false, &mut Vec::new())
            .map_err(|error| format!("{name}: {error}"))
    }

    fn run_with(
        &self,
        name: &str,
        given: &Mapping,
        is_waited_for: bool,
        path: &mut Vec<String>,
    ) -> Checked<Vec<Container>> {
        let tool = self
            .tools
            .get(name)
            .ok_or_else(|| format!("there is no tool `{name}`"))?;
        if path.iter().any(|above| above == name) {
            return Err(format!("`{name}` calls itself"));
        }
        path.push(name.to_owned());
        let scope = Self::scope(tool, given)?;
        let steps = list(tool.value.get("run"), "run")?;
        let mut ids = Vec::new();
        for step in steps {
            let step = mapping(step, "a step")?;
            keys(step, &["id", "tool", "code", "args", "after"], "a step")?;
            let id = step.get("id").or_else(|| step.get("tool"));
            let id = text(id.ok_or("a step has no id")?, "id")?;
            if ids.contains(&id) {
                return Err(format!("two steps `{id}`"));
            }
            ids.push(id);
        }
        let mut waited_for = Vec::new();
        for step in steps {
            for after in after(step)? {
                if !ids.contains(&after.as_str()) {
                    return Err(format!("a step waits for `{after}`, which is no step"));
                }
                waited_for.push(after);
            }
        }
        for step in list(tool.value.get("await"), "await")? {
            let step = text(step, "await")?;
            if !ids.contains(&step) {
                return Err(format!("the tool waits for `{step}`, which is no step"));
            }
        }
        for step in list(tool.value.get("await"), "await")? {
            waited_for.push(text(step, "await")?.to_owned());
        }
        let mut containers = Vec::new();
        for (step, id) in steps.iter().zip(&ids) {
            let error = |error: String| format!("{name}.{id}: {error}");
            let is_waited_for = is_waited_for || waited_for.iter().any(|other| other == id);
            literal_variables(step).map_err(error)?;
            if let Some(code) = step.get("code") {
                let (called, scope) = (called(text(code, "code")?, &scope), Mapping::new());
                let called = called.map_err(error)?;
                containers.extend(
                    self.run_with(&called, &scope, is_waited_for, path)
                        .map_err(error)?,
                );
                continue;
            }
            let called = text(step.get("tool").ok_or("a step does nothing")?, "tool")?;
            let args = match step.get("args") {
                Some(args) => mapping(args, "args")?.clone(),
                None => Mapping::new(),
            };
            let args = self
                .resolved(&Value::Mapping(args), &scope)
                .map_err(error)?;
            let args = mapping(&args, "args")?.clone();
            if !called.starts_with("polytope/") {
                containers.extend(
                    self.run_with(called, &args, is_waited_for, path)
                        .map_err(error)?,
                );
                continue;
            }
            let folder = tool.file.parent().unwrap();
            let code = arguments(called, &args, folder).map_err(error)?;
            containers.push(Container {
                step: format!("{name}.{id}"),
                kind: called.to_owned(),
                args,
                code,
                is_waited_for,
            });
        }
        path.pop();
        Ok(containers)
    }

    /// The values of a tool's parameters.
    fn scope(tool: &Tool, given: &Mapping) -> Checked<BTreeMap<String, Value>> {
        let mut declared: Vec<(String, &Value)> = Vec::new();
        for param in list(tool.value.get("params"), "params")? {
            let param = mapping(param, "a parameter")?;
            keys(param, &["id", "info", "name", "type"], "a parameter")?;
            let id = text(param.get("id").ok_or("a parameter has no id")?, "id")?;
            declared.push((id.to_owned(), param.get("type").ok_or("no type")?));
        }
        if let Some(inputs) = tool.value.get("inputs").filter(|inputs| !inputs.is_null()) {
            for (id, input) in mapping(inputs, "inputs")? {
                let input = mapping(input, "an input")?;
                keys(input, &["info", "name", "type"], "an input")?;
                declared.push((
                    text(id, "an input's name")?.to_owned(),
                    input.get("type").ok_or("no type")?,
                ));
            }
        }
        for name in given.keys() {
            if !declared
                .iter()
                .any(|(id, _)| Some(id.as_str()) == name.as_str())
            {
                return Err(format!("there is no parameter {name:?}"));
            }
        }
        let mut scope = BTreeMap::new();
        for (id, kind) in declared {
            let value = given.get(id.as_str());
            scope.insert(
                id.clone(),
                typed(kind, value).map_err(|e| format!("{id}: {e}"))?,
            );
        }
        Ok(scope)
    }

    /// A value with its references resolved.
    fn resolved(&self, value: &Value, scope: &BTreeMap<String, Value>) -> Checked<Value> {
        let reference = |expression: &str| -> Checked<Value> {
            let (kind, name) = expression.split_once(' ').ok_or("an odd reference")?;
            match kind {
                "pt.param" | "pt.input" => scope.get(name).cloned(),
                "pt.value" => self.values.get(name).map(|value| value.as_str().into()),
                _ => return Err(format!("`{expression}` is not known")),
            }
            .ok_or_else(|| format!("`{expression}` refers to nothing"))
        };
        Ok(match value {
            Value::String(text) if text.starts_with("pt.") => reference(text)?,
            Value::String(text) if text.starts_with('#') => {
                return Err(format!("code that is not known: {text}"));
            }
            Value::String(text) => {
                let mut rest = text.as_str();
                let mut out = String::new();
                while let Some((before, after)) = rest.split_once("{pt.") {
                    let (expression, behind) = after.split_once('}').ok_or("no `}`")?;
                    out.push_str(before);
                    match reference(&format!("pt.{expression}"))? {
                        Value::String(text) => out.push_str(&text),
                        Value::Number(number) => out.push_str(&number.to_string()),
                        other => return Err(format!("{other:?} inside a text")),
                    }
                    rest = behind;
                }
                (out + rest).into()
            }
            Value::Sequence(items) => Value::Sequence(
                items
                    .iter()
                    .map(|item| self.resolved(item, scope))
                    .collect::<Checked<_>>()?,
            ),
            Value::Mapping(entries) => Value::Mapping(
                entries
                    .iter()
                    .map(|(key, value)| Ok((key.clone(), self.resolved(value, scope)?)))
                    .collect::<Checked<_>>()?,
            ),
            other => other.clone(),
        })
    }
}

/// The value of a parameter: the given one or the default, checked against its type.
fn typed(kind: &Value, given: Option<&Value>) -> Checked<Value> {
    if let Value::Sequence(parts) = kind {
        match (parts.first().and_then(Value::as_str), parts.len()) {
            (Some("default"), 3) => return typed(&parts[1], Some(given.unwrap_or(&parts[2]))),
            (Some("enum"), _) => {
                let value = given.ok_or("it has to be given")?;
                let is_known = parts[1..].contains(value);
                return if is_known {
                    Ok(value.clone())
                } else {
                    Err(format!("not {value:?}"))
                };
            }
            (_, 1) => {
                let value = given.ok_or("it has to be given")?;
                for item in list(Some(value), "the value")? {
                    typed(&parts[0], Some(item))?;
                }
                return Ok(value.clone());
            }
            _ => return Err(format!("the type {kind:?} is not known")),
        }
    }
    let value = given.ok_or("it has to be given")?;
    let fits = match kind.as_str() {
        Some("str") => value.is_string(),
        Some("bool") => value.is_bool(),
        Some("int") => value.is_i64() || value.is_u64(),
        Some("any") => true,
        _ => return Err(format!("the type {kind:?} is not known")),
    };
    if fits {
        Ok(value.clone())
    } else {
        Err(format!("{value:?} is no {kind:?}"))
    }
}

/// The tool that a step of code calls, in the forms that real projects use.
fn called(code: &str, scope: &BTreeMap<String, Value>) -> Checked<String> {
    let clojure = code
        .strip_prefix("#pt-clj (pt/call-module ")
        .and_then(|rest| rest.strip_suffix(" {})"));
    let script = code
        .strip_prefix("pt.js\npt.callModule(")
        .and_then(|rest| rest.strip_suffix(", {});"));
    let name = clojure
        .or(script)
        .ok_or_else(|| format!("code that is not known: {code}"))?;
    if let Some(literal) = name.strip_prefix('"').and_then(|n| n.strip_suffix('"')) {
        return Ok(literal.to_owned());
    }
    let parameter = match (clojure, script) {
        (Some(name), _) => name
            .strip_prefix("(:")
            .and_then(|n| n.strip_suffix(" params)")),
        (_, Some(name)) => name
            .strip_prefix("pt.param(\"")
            .and_then(|n| n.strip_suffix("\")")),
        _ => None,
    };
    let parameter = parameter.ok_or_else(|| format!("code that is not known: {code}"))?;
    let value = scope.get(parameter).and_then(Value::as_str);
    Ok(value.ok_or("a name that is no text")?.to_owned())
}

fn after(step: &Value) -> Checked<Vec<String>> {
    let one = |value: &Value| -> Checked<String> {
        let after = mapping(value, "after")?;
        keys(after, &["step"], "after")?;
        Ok(text(after.get("step").ok_or("after nothing")?, "step")?.to_owned())
    };
    match step.get("after") {
        None => Ok(Vec::new()),
        Some(Value::Sequence(items)) => items.iter().map(one).collect(),
        Some(other) => Ok(vec![one(other)?]),
    }
}

/// The known arguments of the built-in tools, and the code's folder.
fn arguments(kind: &str, args: &Mapping, folder: &Path) -> Checked<Option<PathBuf>> {
    let known: &[&str] = match kind {
        "polytope/container" => &[
            "id",
            "image",
            "cmd",
            "entrypoint",
            "env",
            "mounts",
            "workdir",
            "services",
            "restart",
            "tty",
            "create",
            "await",
        ],
        "polytope/python" => &[
            "id", "image", "code", "cmd", "env", "mounts", "services", "restart", "create", "await",
        ],
        _ => return Err(format!("`{kind}` is not known")),
    };
    keys(args, known, kind)?;
    text(args.get("image").ok_or("no image")?, "image")?;
    let id = text(args.get("id").ok_or("no id")?, "id")?;
    is_id(id)?;
    for key in ["cmd", "entrypoint"] {
        match args.get(key) {
            None | Some(Value::String(_)) => {}
            Some(words) => {
                for word in list(Some(words), key)? {
                    text(word, key)?;
                }
            }
        }
    }
    one_of(args, "create", &["never", "always", "when-missing"])?;
    for key in ["await", "tty"] {
        if args.get(key).is_some_and(|value| !value.is_bool()) {
            return Err(format!("`{key}` is no bool"));
        }
    }
    if let Some(restart) = args.get("restart") {
        let restart = mapping(restart, "restart")?;
        keys(restart, &["policy", "max-restarts"], "restart")?;
        one_of(restart, "policy", &["never", "always", "on-failure"])?;
    }
    for entry in list(args.get("env"), "env")? {
        let entry = mapping(entry, "env")?;
        keys(entry, &["name", "value"], "env")?;
        let value = entry.get("value").ok_or("a variable without a value")?;
        // A literal that is not a string has already been rejected.
        if !(value.is_string() || value.is_bool() || value.is_u64()) {
            return Err(format!("a variable of {value:?}"));
        }
    }
    for mount in list(args.get("mounts"), "mounts")? {
        let mount = mapping(mount, "a mount")?;
        keys(mount, &["path", "source"], "a mount")?;
        source(mount.get("source").ok_or("a mount of nothing")?, folder)?;
    }
    for service in list(args.get("services"), "services")? {
        let service = mapping(service, "a service")?;
        keys(service, &["id", "ports"], "a service")?;
        is_id(text(service.get("id").ok_or("no id")?, "id")?)?;
        for port in list(service.get("ports"), "ports")? {
            let port = mapping(port, "a port")?;
            keys(port, &["port", "protocol", "label", "expose-as"], "a port")?;
            one_of(port, "protocol", &["tcp", "udp", "http", "https"])?;
        }
    }
    match args.get("code") {
        None => Ok(None),
        Some(code) => source(code, folder),
    }
}

/// The host folder of a source, if it names one.
fn source(value: &Value, folder: &Path) -> Checked<Option<PathBuf>> {
    let source = mapping(value, "a source")?;
    let get = |key: &str| text(source.get(key).ok_or(format!("no {key}"))?, key);
    match get("type")? {
        // Relative to the folder where `pt` runs, in a module's file too.
        "host" => {
            keys(source, &["type", "path"], "a host source")?;
            match get("path")? {
                "." => Ok(None),
                path => Err(format!("the host path {path} is not used by this program")),
            }
        }
        "repo" => {
            keys(source, &["type", "path"], "a repo source")?;
            let path = get("path")?;
            // Relative to the repository root; the user decides which folders exist.
            if path.starts_with('/') {
                return Ok(None);
            }
            Ok(Some(folder.join(path)))
        }
        "string" => {
            keys(source, &["type", "data"], "a string source")?;
            get("data").map(|_| None)
        }
        "volume" => {
            keys(source, &["type", "scope", "id"], "a volume")?;
            one_of(source, "scope", &["project", "job"])?;
            is_id(get("id")?).map(|()| None)
        }
        other => Err(format!("a source of type {other}")),
    }
}

fn is_id(id: &str) -> Checked<()> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-".contains(c);
    if !id.is_empty() && id.chars().all(fits) {
        Ok(())
    } else {
        Err(format!("`{id}` is no id"))
    }
}

fn one_of(map: &Mapping, key: &str, known: &[&str]) -> Checked<()> {
    match map.get(key) {
        Some(value) if !known.iter().any(|known| value.as_str() == Some(known)) => {
            Err(format!("`{key}` is {value:?}"))
        }
        _ => Ok(()),
    }
}

fn keys(map: &Mapping, known: &[&str], what: &str) -> Checked<()> {
    let unknown = map
        .keys()
        .find(|key| !key.as_str().is_some_and(|key| known.contains(&key)));
    match unknown {
        Some(key) => Err(format!("{what} has the unknown key {key:?}")),
        None => Ok(()),
    }
}

fn mapping<'a>(value: &'a Value, what: &str) -> Checked<&'a Mapping> {
    value
        .as_mapping()
        .ok_or_else(|| format!("{what} is no mapping"))
}

fn list<'a>(value: Option<&'a Value>, what: &str) -> Checked<&'a [Value]> {
    match value {
        None | Some(Value::Null) => Ok(&[]),
        Some(Value::Sequence(items)) => Ok(items),
        Some(_) => Err(format!("{what} is no list")),
    }
}

fn text<'a>(value: &'a Value, what: &str) -> Checked<&'a str> {
    value
        .as_str()
        .ok_or_else(|| format!("{what} is no text: {value:?}"))
}

/// Reject a variable whose value is not a string.
fn literal_variables(step: &Value) -> Checked<()> {
    let env = step.get("args").and_then(|args| args.get("env"));
    let env = env.and_then(Value::as_sequence);
    let odd = env
        .into_iter()
        .flatten()
        .find(|entry| entry.get("value").is_some_and(|value| !value.is_string()));
    match odd {
        Some(entry) => Err(format!("{entry:?} is no text")),
        None => Ok(()),
    }
}
