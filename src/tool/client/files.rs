//! The files generated in a service: the files of a new service, the client library, and the
//! modules that connect them.

use serde::Serialize;

use crate::change::Rank;
use crate::edit::indented;
use crate::edit::python::Framework;
use crate::name::RelPath;
use crate::project::{POLYTOPE_FILE, Project, Service, Wiring};
use crate::python::Style;
use crate::template::{Template, render, template, templates};
use crate::tool::Draft;
use crate::tool::polytope::find_conflicts;
use crate::tool::register::{Parameter, ParameterStyle};

use super::dependencies::{DEPENDENCIES, adds_dependencies, dependencies_file};
use super::names::{Names, file_of, test_file};
use super::worker_tool::RELOAD_MODULE;

/// The template context of a service.
#[derive(Serialize)]
pub(super) struct ServiceContext<'a> {
    service: &'a str,
    /// The source folder, relative to the service's folder: `src/backend`.
    src: String,
    main_module: String,
    worker_module: String,
    workflows_package: String,
    registry_module: String,
    /// The module with what activities share: `workflows.dependencies`; `None` if that is a
    /// module of the user.
    dependencies_module: Option<String>,
    /// The same, prefixed with the package, if there is one.
    dependencies_package: Option<String>,
    /// The same, prefixed with the package, if there is one.
    registry_package: String,
    settings_module: &'static str,
    /// The client library, and the module of it that restarts programs.
    client_package: String,
    reload_module: String,
    /// The prefix of imports in a module of the source folder.
    here: String,
    /// The same in a module one folder deeper.
    up: String,
    /// The folder, relative to the service's, that must be on the Python path of commands and
    /// tests; empty for the service's folder, `None` if the service is installed.
    path_entry: Option<String>,
    is_flat: bool,
    /// The class of the web application.
    pub(super) framework: Option<&'static str>,
}

impl<'a> ServiceContext<'a> {
    pub(super) fn new(
        project: &Project,
        service: &'a Service,
        names: &Names,
        registry_module: &str,
    ) -> Self {
        let source = service.source();
        let steps = service.folder.steps_to(&source);
        let dependencies = adds_dependencies(project, service)
            .then(|| format!("{}.{DEPENDENCIES}", service.workflows));
        Self {
            service: service.name.as_str(),
            main_module: service.module("main"),
            worker_module: service.module(names.worker),
            workflows_package: service.module(service.workflows),
            registry_package: service.module(registry_module),
            registry_module: registry_module.to_owned(),
            dependencies_package: dependencies.as_ref().map(|name| service.module(name)),
            dependencies_module: dependencies,
            settings_module: names.settings,
            client_package: service.module("temporal_client"),
            reload_module: service.module(RELOAD_MODULE),
            here: service.import_prefix(0),
            up: service.import_prefix(1),
            path_entry: (!is_installed(project, service))
                .then(|| service.path_entry().unwrap_or_default()),
            is_flat: service.is_flat(),
            framework: service.wiring.framework().map(Framework::class),
            src: steps.unwrap_or_default().join("/"),
        }
    }
}

/// The module that starts Temporal with a service's application, relative to its source folder.
pub(in crate::tool) fn start_module(project: &Project, service: &Service) -> &'static str {
    Names::of(project, service).start
}

/// Whether installing a service's requirements also installs its own package.
fn is_installed(project: &Project, service: &Service) -> bool {
    let pyproject = service.folder.join("pyproject.toml");
    let text = project.text(&pyproject);
    // New services are not in the project yet; those in a package have a build system.
    !service.is_flat() && text.is_none_or(|text| text.contains("[build-system]"))
}

/// The template context of a service's `polytope.yml`.
#[derive(Serialize)]
struct ContainerContext<'a> {
    #[serde(flatten)]
    service: &'a ServiceContext<'a>,
    /// The block that declares its parameters.
    params: String,
    reference: &'static str,
    awaits: bool,
}

/// Create a new service, without Temporal: that is added as for an existing service.
pub(super) fn start_service(draft: &mut Draft<'_>, service: &Service) {
    const POLYTOPE: Template = template!("add-temporal-client/new-service/polytope.yml");
    const FILES: [(&str, Template); 4] = templates![
        "add-temporal-client/new-service/",
        ".gitignore",
        "README.md",
        "pyproject.toml",
        "tests/test_health.py",
    ];
    const SOURCES: [(&str, Template); 3] = templates![
        "add-temporal-client/new-service/src/",
        "main.py",
        "conf/__init__.py",
        "init/__init__.py",
    ];
    const PACKAGE: Template = template!("add-temporal-client/new-service/src/__init__.py");
    let project = draft.project();
    let names = Names::of(project, service);
    let context = ServiceContext::new(project, service, &names, "workflows.registry");
    let style = project.python_style(service);
    let start = |draft: &mut Draft<'_>, path: RelPath, template: Template| {
        let rank = rank_of(&path);
        draft.start_file(&path, render_file(template, &context, &style), rank);
    };
    for (file, template) in FILES {
        let path = service.folder.join(file);
        start(draft, path, template);
    }
    for (file, template) in SOURCES {
        start(draft, service.source().join(file), template);
    }
    if !service.is_flat() {
        start(draft, service.source().join("__init__.py"), PACKAGE);
    }
    let polytope = service.folder.join(POLYTOPE_FILE);
    let dev_mode = Parameter {
        id: "dev-mode".to_owned(),
        info: "Whether it restarts when its code or its requirements change".to_owned(),
        kind: "[default, bool, true]".to_owned(),
    };
    let style = ParameterStyle::of(draft.project());
    let container = ContainerContext {
        service: &context,
        params: indented(&style.declaration(&[dev_mode]), "    "),
        reference: style.reference(),
        awaits: ParameterStyle::awaits_containers(draft.project()),
    };
    let text = render(POLYTOPE, &container);
    draft.start_file(&polytope, text, Rank::ServicePolytope);
    if let Ok(file) = draft.polytope_file(&polytope, Rank::ServicePolytope) {
        find_conflicts(draft, &file);
    }
}

/// The rank of a service's file, which decides when it is written.
fn rank_of(path: &RelPath) -> Rank {
    let text = path.as_str();
    if text.ends_with("init/__init__.py") || text.ends_with("/main.py") {
        Rank::Hooks
    } else if text.ends_with("workflows/registry.py") {
        Rank::Registry
    } else if text.contains("/conf/") || text.ends_with("temporal.py") {
        Rank::Configuration
    } else if text.ends_with("polytope.yml") {
        Rank::ServicePolytope
    } else if text.ends_with("pyproject.toml") {
        Rank::Dependencies
    } else {
        Rank::New
    }
}

/// Render a file of a service; Python code is formatted with the project's settings.
pub(super) fn render_file(
    template: Template,
    context: &ServiceContext<'_>,
    style: &Style,
) -> String {
    let text = render(template, context);
    match template.path.rsplit_once('.') {
        Some((_, "py")) => style.layout_static(text),
        Some((_, "md")) => layout_blocks(&text, style),
        _ => text,
    }
}

/// Format the Python code of a Markdown document, as formatters do.
fn layout_blocks(text: &str, style: &Style) -> String {
    const BEGIN: &str = "```python\n";
    let mut parts = text.split(BEGIN);
    let mut formatted = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (code, rest) = part.split_once("```").unwrap_or((part, ""));
        formatted.push_str(&format!("{BEGIN}{}```{rest}", style.layout(code)));
    }
    formatted
}

/// Add the empty package for workflows, and the server for their tests, to a service that runs
/// Temporal already.
pub(super) fn add_packages(draft: &mut Draft<'_>, service: &Service, names: &Names) {
    let project = draft.project();
    let context = ServiceContext::new(project, service, names, "");
    let style = project.python_style(service);
    let package = service.source().join(service.workflows).join("__init__.py");
    if !draft.exists(&package) {
        draft.scaffold(package, String::new(), Rank::New);
    }
    let text = render_file(CONFTEST, &context, &style);
    let path = service.folder.join("tests/workflows/conftest.py");
    draft.scaffold(path, text, Rank::New);
}

const CONFTEST: Template = template!("add-temporal-client/service/tests/workflows/conftest.py");

pub(super) fn add_modules(
    draft: &mut Draft<'_>,
    service: &Service,
    names: &Names,
    registry_module: &str,
    adds_registry: bool,
) {
    const CONF: Template = template!("add-temporal-client/service/src/conf/temporal.py");
    const INIT: Template = template!("add-temporal-client/service/src/init/temporal.py");
    const START: Template = template!("add-temporal-client/service/src/temporal.py");
    const WORKER: Template = template!("add-temporal-client/service/src/worker.py");
    const REGISTRY: [(&str, Template); 2] = templates![
        "add-temporal-client/service/src/workflows/",
        "__init__.py",
        "registry.py",
    ];
    const DEPENDENCIES_FILE: Template =
        template!("add-temporal-client/service/src/workflows/dependencies.py");
    const TESTS: [(&str, Template); 2] = [
        (
            "temporal_histories",
            template!("add-temporal-client/service/tests/workflows/test_temporal_histories.py"),
        ),
        (
            "temporal_registry",
            template!("add-temporal-client/service/tests/workflows/test_temporal_registry.py"),
        ),
    ];
    const CONFIGURATION: Template =
        template!("add-temporal-client/new-service/src/conf/__init__.py");
    let project = draft.project();
    let context = ServiceContext::new(project, service, names, registry_module);
    let style = project.python_style(service);
    let source = service.source();
    let mut files = vec![(source.join(&file_of(names.worker)), WORKER)];
    if service.wiring == Wiring::Hooks {
        let conf = source.join("conf/__init__.py");
        if names.settings.starts_with("conf.") && !draft.exists(&conf) {
            let text = render_file(CONFIGURATION, &context, &style);
            draft.scaffold(conf, text, Rank::Configuration);
        }
        files.push((source.join(&file_of(names.settings)), CONF));
        files.push((source.join(&file_of(names.start)), INIT));
    } else {
        files.push((source.join(&file_of(names.start)), START));
    }
    if adds_registry {
        for (file, template) in REGISTRY {
            let path = source.join(service.workflows).join(file);
            // An existing package belongs to the user and is not changed.
            if !draft.exists(&path) {
                files.push((path, template));
            }
        }
    }
    // The worker of an earlier version does not open them.
    if !draft.exists(&source.join(&file_of(names.worker))) {
        files.push((dependencies_file(service), DEPENDENCIES_FILE));
    }
    files.push((service.folder.join("tests/workflows/conftest.py"), CONFTEST));
    for (name, template) in TESTS {
        files.push((test_file(project, service, name), template));
    }
    for (path, template) in files {
        let text = render_file(template, &context, &style);
        draft.scaffold(path.clone(), text, rank_of(&path));
    }
}
