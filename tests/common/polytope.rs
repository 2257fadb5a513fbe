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
    /// The values of `pt.value` and `pt.secret`.
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
    /// Its arguments, read.
    pub(crate) spec: Spec,
}

/// A call of a tool: its steps, with the references resolved.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) steps: Vec<Step>,
    /// The steps that the call waits for; without them, it waits for all.
    pub(crate) awaits: Option<Vec<String>>,
}

/// A step of a call.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) id: String,
    /// The steps that must have succeeded before.
    pub(crate) after: Vec<String>,
    pub(crate) action: Action,
}

/// What a step does.
#[derive(Debug)]
pub(crate) enum Action {
    /// It creates a container.
    Container(Box<Container>),
    /// It calls a tool that must exist when the call begins.
    Tool(String, Mapping),
    /// It calls a tool by its name in code, which may exist only when the step runs.
    Code(String),
}

/// The arguments of a container, as `polytope/container` and `polytope/python` take them.
#[derive(Debug, Clone)]
pub(crate) struct Spec {
    pub(crate) id: String,
    pub(crate) image: String,
    pub(crate) entrypoint: Option<Vec<String>>,
    pub(crate) cmd: Vec<String>,
    pub(crate) env: Vec<(String, String)>,
    pub(crate) mounts: Vec<(String, Source)>,
    pub(crate) workdir: Option<String>,
    pub(crate) services: Vec<Service>,
    pub(crate) restart: Restart,
    pub(crate) create: Create,
    /// `await: false`: the step ends once the container runs.
    pub(crate) ends_once_running: bool,
}

/// What is mounted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// A folder relative to the one where `pt` runs.
    Host(PathBuf),
    /// A folder of the project, relative to the folder of the file.
    Repo(PathBuf),
    /// A folder of the project, relative to its root.
    Root(PathBuf),
    /// A literal file.
    Text(String),
    /// A volume that is kept between runs.
    Volume(String),
}

/// A name by which other containers reach a container, and the ports on the host.
#[derive(Debug, Clone)]
pub(crate) struct Service {
    pub(crate) id: String,
    /// The container's port, and the one on the host.
    pub(crate) ports: Vec<(u16, u16)>,
}

/// What happens when a container's command ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Restart {
    Never,
    Always,
    /// After a failure, so many times.
    OnFailure(Option<u64>),
}

/// What happens to a container of the same id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Create {
    Always,
    WhenMissing,
    Never,
}

type Checked<T> = Result<T, String>;

impl Polytope {
    /// Read the project's `polytope.yml` and what it includes, but for other repositories.
    pub(crate) fn read(project: &Path) -> Checked<Self> {
        Self::read_with(project, &BTreeMap::new())
    }

    /// Read the project's `polytope.yml` and what it includes. Of other repositories, these are
    /// read, by their name in `include`.
    pub(crate) fn read_with(
        project: &Path,
        repositories: &BTreeMap<&str, PathBuf>,
    ) -> Checked<Self> {
        let mut tools = Self {
            tools: BTreeMap::new(),
            values: BTreeMap::new(),
        };
        let included = tools.read_file(&project.join("polytope.yml"))?;
        for name in included {
            let Some(folder) = repositories.get(name.as_str()) else {
                continue;
            };
            let mut theirs = Self {
                tools: BTreeMap::new(),
                values: BTreeMap::new(),
            };
            theirs.read_file(&folder.join("polytope.yml"))?;
            // The project's own tools take precedence.
            for (name, tool) in theirs.tools {
                tools.tools.entry(name).or_insert(tool);
            }
        }
        Ok(tools)
    }

    /// Read a file and those that it includes; returns the repositories that they include.
    fn read_file(&mut self, file: &Path) -> Checked<Vec<String>> {
        let read = std::fs::read_to_string(file).map_err(|e| format!("{}: {e}", file.display()))?;
        let value: Value = serde_yaml::from_str(&read).map_err(|e| e.to_string())?;
        let top = mapping(&value, "the file")?;
        keys(
            top,
            &["include", "tools", "instructions", "mcp"],
            "the file",
        )?;
        let mut repositories = Vec::new();
        for include in list(top.get("include"), "include")? {
            let Some(folder) = include.as_str() else {
                let include = mapping(include, "include")?;
                keys(include, &["repo", "path"], "include")?;
                let name = include.get("repo").ok_or("an include of nothing")?;
                repositories.push(text(name, "repo")?.to_owned());
                continue;
            };
            let path = file.parent().unwrap().join(folder);
            repositories.extend(self.read_file(&path.join("polytope.yml"))?);
        }
        let Some(tools) = top.get("tools").filter(|tools| !tools.is_null()) else {
            return Ok(repositories);
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
        Ok(repositories)
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
        if path.iter().any(|above| above == name) {
            return Err(format!("`{name}` calls itself"));
        }
        path.push(name.to_owned());
        let call = self.call(name, given)?;
        let waited_for: Vec<&String> = call.steps.iter().flat_map(|step| &step.after).collect();
        let awaited = call.awaits.unwrap_or_default();
        let mut containers = Vec::new();
        for step in &call.steps {
            let is_waited_for =
                is_waited_for || waited_for.contains(&&step.id) || awaited.contains(&step.id);
            let made = match &step.action {
                Action::Container(container) => Ok(vec![Container {
                    is_waited_for,
                    ..(**container).clone()
                }]),
                Action::Tool(called, args) => self.run_with(called, args, is_waited_for, path),
                Action::Code(called) => self.run_with(called, &Mapping::new(), is_waited_for, path),
            };
            containers.extend(made.map_err(|error| format!("{name}.{}: {error}", step.id))?);
        }
        path.pop();
        Ok(containers)
    }

    /// The steps of a call of a tool.
    pub(crate) fn call(&self, name: &str, given: &Mapping) -> Checked<Call> {
        let tool = self
            .tools
            .get(name)
            .ok_or_else(|| format!("there is no tool `{name}`"))?;
        let scope = Self::scope(tool, given)?;
        let mut steps: Vec<Step> = Vec::new();
        for step in list(tool.value.get("run"), "run")? {
            let step = mapping(step, "a step")?;
            keys(step, &["id", "tool", "code", "args", "after"], "a step")?;
            let id = step.get("id").or_else(|| step.get("tool"));
            let id = text(id.ok_or("a step has no id")?, "id")?;
            if steps.iter().any(|other| other.id == id) {
                return Err(format!("two steps `{id}`"));
            }
            let error = |error: String| format!("{name}.{id}: {error}");
            literal_variables(step).map_err(error)?;
            let action = self.action(name, id, tool, step, &scope).map_err(error)?;
            steps.push(Step {
                id: id.to_owned(),
                after: after(step)?,
                action,
            });
        }
        let is_step = |id: &String| steps.iter().any(|step| step.id == *id);
        if let Some(id) = steps
            .iter()
            .flat_map(|step| &step.after)
            .find(|id| !is_step(id))
        {
            return Err(format!("a step waits for `{id}`, which is no step"));
        }
        let awaits = match tool.value.get("await") {
            None => None,
            awaits => Some(
                list(awaits, "await")?
                    .iter()
                    .map(|id| text(id, "await").map(str::to_owned))
                    .collect::<Checked<Vec<String>>>()?,
            ),
        };
        if let Some(id) = awaits.iter().flatten().find(|id| !is_step(id)) {
            return Err(format!("the tool waits for `{id}`, which is no step"));
        }
        Ok(Call { steps, awaits })
    }

    /// What a step does.
    fn action(
        &self,
        name: &str,
        id: &str,
        tool: &Tool,
        step: &Mapping,
        scope: &BTreeMap<String, Value>,
    ) -> Checked<Action> {
        if let Some(code) = step.get("code") {
            return called(text(code, "code")?, scope).map(Action::Code);
        }
        let called = text(step.get("tool").ok_or("a step does nothing")?, "tool")?;
        let args = match step.get("args") {
            Some(args) => mapping(args, "args")?.clone(),
            None => Mapping::new(),
        };
        let args = self.resolved(&Value::Mapping(args), scope)?;
        let args = mapping(&args, "args")?.clone();
        if !called.starts_with("polytope/") {
            return Ok(Action::Tool(called.to_owned(), args));
        }
        let folder = tool.file.parent().unwrap();
        let (code, spec) = arguments(called, &args, folder)?;
        Ok(Action::Container(Box::new(Container {
            step: format!("{name}.{id}"),
            kind: called.to_owned(),
            args,
            code,
            is_waited_for: false,
            spec,
        })))
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
                "pt.value" | "pt.secret" => {
                    self.values.get(name).map(|value| value.as_str().into())
                }
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

fn after(step: &Mapping) -> Checked<Vec<String>> {
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
fn arguments(kind: &str, args: &Mapping, folder: &Path) -> Checked<(Option<PathBuf>, Spec)> {
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
    let image = text(args.get("image").ok_or("no image")?, "image")?;
    let id = text(args.get("id").ok_or("no id")?, "id")?;
    is_id(id)?;
    for key in ["await", "tty"] {
        if args.get(key).is_some_and(|value| !value.is_bool()) {
            return Err(format!("`{key}` is no bool"));
        }
    }
    let mut mounts = Vec::new();
    for mount in list(args.get("mounts"), "mounts")? {
        let mount = mapping(mount, "a mount")?;
        keys(mount, &["path", "source"], "a mount")?;
        let path = text(mount.get("path").ok_or("a mount without a path")?, "path")?;
        if !path.starts_with('/') {
            return Err(format!("a mount at `{path}`, which is not absolute"));
        }
        let source = source(mount.get("source").ok_or("a mount of nothing")?, folder)?;
        mounts.push((path.to_owned(), source));
    }
    let mut workdir = match args.get("workdir") {
        None => None,
        Some(workdir) => Some(text(workdir, "workdir")?.to_owned()),
    };
    let mut code = None;
    if let Some(given) = args.get("code") {
        let source = source(given, folder)?;
        if let Source::Repo(path) = &source {
            code = Some(path.clone());
        }
        mounts.insert(0, ("/app".to_owned(), source));
        workdir = Some("/app".to_owned());
    }
    let spec = Spec {
        id: id.to_owned(),
        image: image.to_owned(),
        entrypoint: args
            .get("entrypoint")
            .map(|value| words(value, "entrypoint"))
            .transpose()?,
        cmd: match args.get("cmd") {
            None => Vec::new(),
            Some(value) => words(value, "cmd")?,
        },
        env: variables(args)?,
        mounts,
        workdir,
        services: services(args)?,
        restart: restart(args)?,
        create: match one_of(args, "create", &["never", "always", "when-missing"])? {
            Some("never") => Create::Never,
            Some("when-missing") => Create::WhenMissing,
            _ => Create::Always,
        },
        ends_once_running: args.get("await") == Some(&Value::Bool(false)),
    };
    Ok((code, spec))
}

/// A command: a list, or a text that is split into words and gets no shell.
fn words(value: &Value, key: &str) -> Checked<Vec<String>> {
    match value {
        Value::String(line) => {
            shlex::split(line).ok_or_else(|| format!("`{key}` cannot be split: {line}"))
        }
        words => list(Some(words), key)?
            .iter()
            .map(|word| text(word, key).map(str::to_owned))
            .collect(),
    }
}

fn variables(args: &Mapping) -> Checked<Vec<(String, String)>> {
    let mut variables = Vec::new();
    for entry in list(args.get("env"), "env")? {
        let entry = mapping(entry, "env")?;
        keys(entry, &["name", "value"], "env")?;
        let name = text(
            entry.get("name").ok_or("a variable without a name")?,
            "name",
        )?;
        // A literal that is not a string has already been rejected.
        let value = match entry.get("value").ok_or("a variable without a value")? {
            Value::String(value) => value.clone(),
            Value::Bool(value) => value.to_string(),
            Value::Number(value) if value.is_u64() => value.to_string(),
            value => return Err(format!("a variable of {value:?}")),
        };
        variables.push((name.to_owned(), value));
    }
    Ok(variables)
}

fn services(args: &Mapping) -> Checked<Vec<Service>> {
    let mut services = Vec::new();
    for service in list(args.get("services"), "services")? {
        let service = mapping(service, "a service")?;
        keys(service, &["id", "ports"], "a service")?;
        let id = text(service.get("id").ok_or("no id")?, "id")?;
        is_id(id)?;
        let mut ports = Vec::new();
        for port in list(service.get("ports"), "ports")? {
            let port = mapping(port, "a port")?;
            keys(port, &["port", "protocol", "label", "expose-as"], "a port")?;
            one_of(port, "protocol", &["tcp", "udp", "http", "https"])?;
            let number = |value: &Value| {
                let number = value.as_u64().and_then(|number| u16::try_from(number).ok());
                number.ok_or_else(|| format!("no port: {value:?}"))
            };
            let inside = port.get("port").ok_or("a port without a number")?;
            // The same one on the host, unless another one is given.
            let outside = port.get("expose-as").unwrap_or(inside);
            ports.push((number(inside)?, number(outside)?));
        }
        services.push(Service {
            id: id.to_owned(),
            ports,
        });
    }
    Ok(services)
}

fn restart(args: &Mapping) -> Checked<Restart> {
    let Some(restart) = args.get("restart") else {
        return Ok(Restart::Never);
    };
    let restart = mapping(restart, "restart")?;
    keys(restart, &["policy", "max-restarts"], "restart")?;
    let limit = match restart.get("max-restarts") {
        None | Some(Value::Null) => None,
        Some(limit) => Some(limit.as_u64().ok_or("`max-restarts` is no number")?),
    };
    match one_of(restart, "policy", &["never", "always", "on-failure"])? {
        Some("always") if limit.is_none() => Ok(Restart::Always),
        Some("on-failure") => Ok(Restart::OnFailure(limit)),
        Some("never") if limit.is_none() => Ok(Restart::Never),
        _ => Err(format!("`restart` is {restart:?}")),
    }
}

fn source(value: &Value, folder: &Path) -> Checked<Source> {
    let source = mapping(value, "a source")?;
    let get = |key: &str| text(source.get(key).ok_or(format!("no {key}"))?, key);
    match get("type")? {
        // Relative to the folder where `pt` runs, in a module's file too.
        "host" => {
            keys(source, &["type", "path"], "a host source")?;
            match get("path")? {
                "." => Ok(Source::Host(PathBuf::from("."))),
                path => Err(format!("the host path {path} is not used by this program")),
            }
        }
        "repo" => {
            keys(source, &["type", "path"], "a repo source")?;
            let path = get("path")?;
            Ok(match path.strip_prefix('/') {
                Some(path) => Source::Root(PathBuf::from(path)),
                None => Source::Repo(folder.join(path)),
            })
        }
        "string" => {
            keys(source, &["type", "data"], "a string source")?;
            Ok(Source::Text(get("data")?.to_owned()))
        }
        "volume" => {
            keys(source, &["type", "scope", "id"], "a volume")?;
            one_of(source, "scope", &["project", "job"])?;
            let id = get("id")?;
            is_id(id)?;
            Ok(Source::Volume(id.to_owned()))
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

/// The value of a key, which must be one of these.
fn one_of<'k>(map: &Mapping, key: &str, known: &[&'k str]) -> Checked<Option<&'k str>> {
    let Some(value) = map.get(key) else {
        return Ok(None);
    };
    let found = known.iter().find(|known| value.as_str() == Some(known));
    match found {
        Some(found) => Ok(Some(found)),
        None => Err(format!("`{key}` is {value:?}")),
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
fn literal_variables(step: &Mapping) -> Checked<()> {
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
