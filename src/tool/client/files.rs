//! The files generated in a service: the files of a new service, the client library, and the
//! modules that connect them.

use serde::Serialize;

use crate::change::Rank;
use crate::edit::indented;
use crate::name::RelPath;
use crate::project::{Layout, POLYTOPE_FILE, Project, Service};
use crate::python::Style;
use crate::template::{Template, render, template};
use crate::tool::Draft;
use crate::tool::polytope::find_conflicts;
use crate::tool::register::{Parameter, ParameterStyle};

use super::Library;

/// The template context of a service.
#[derive(Serialize)]
struct ServiceContext<'a> {
    service: &'a str,
    /// The source folder, relative to the service's folder: `src/backend`.
    src: String,
    main_module: String,
    worker_module: String,
    workflows_package: String,
    registry_module: String,
    /// The same, prefixed with the package, if there is one.
    registry_package: String,
    /// The client library, and the module of it that restarts programs.
    client_package: String,
    reload_module: String,
    /// The prefix of imports in a module of the source folder.
    here: String,
    /// The same in a module one folder deeper.
    up: String,
    /// Whether the modules are directly in the source folder, which must then be on the Python
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
            client_package: service.module("temporal_client"),
            reload_module: service.module("temporal_client.reload"),
            here: service.import_prefix(0),
            up: service.import_prefix(1),
            is_flat,
            src,
        }
    }
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
    draft.start_file(polytope.clone(), text, Rank::ServicePolytope);
    if let Ok(file) = draft.polytope_file(&polytope, Rank::ServicePolytope) {
        find_conflicts(draft, &file);
    }
}

/// The rank of a service's file, which decides when it is written.
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
    } else if text.ends_with("/pyproject.toml") {
        Rank::Dependencies
    } else {
        Rank::New
    }
}

/// The folder of the client library inside a service.
pub(super) fn library_folder(service: &Service) -> RelPath {
    service.source().join("temporal_client")
}

pub(super) fn add_library(draft: &mut Draft<'_>, service: &Service) {
    for (path, text) in library_files(draft.project(), service) {
        draft.generate(path, text, Rank::New);
    }
}

/// Whether a service has the client library, and whether it matches this version.
pub(in crate::tool) fn library(project: &Project, service: &Service) -> Library {
    let files = library_files(project, service);
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
fn library_files(project: &Project, service: &Service) -> Vec<(RelPath, String)> {
    macro_rules! library {
        ($($name:literal),+ $(,)?) => {
            [$((
                $name,
                template!(concat!("add-temporal-client/library/temporal_client/", $name)),
            )),+]
        };
    }
    const FILES: [(&str, Template); 14] = library![
        "README.md",
        "__init__.py",
        "activity.py",
        "connection.py",
        "errors.py",
        "health.py",
        "process.py",
        "py.typed",
        "reload.py",
        "replicas.py",
        "service.py",
        "settings.py",
        "unknown.py",
        "worker.py",
    ];
    let context = ServiceContext::new(service, "workflows.registry");
    let folder = library_folder(service);
    let style = project.python_style(service);
    let file = |(file, template)| (folder.join(file), render_file(template, &context, &style));
    FILES.into_iter().map(file).collect()
}

/// Render a file of a service; Python code is formatted with the project's settings.
fn render_file(template: Template, context: &ServiceContext<'_>, style: &Style) -> String {
    let text = render(template, context);
    match template.path.rsplit_once('.') {
        Some((_, "py")) => style.layout_static(text),
        _ => text,
    }
}

pub(super) fn add_modules(
    draft: &mut Draft<'_>,
    service: &Service,
    registry_module: &str,
    adds_registry: bool,
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
    if adds_registry {
        for (file, template) in REGISTRY {
            let path = source.join(file);
            // An existing package belongs to the user and is not changed.
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
