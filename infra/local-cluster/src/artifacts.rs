//! The servers' files: fetched once with Maven into `target/cluster-cache/<artifact>-<version>`,
//! by the first caller. Not here: which classes are started with them.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::ClusterError;
use crate::limits::MAVEN_WITHIN;
use crate::process::run;

/// One server's files: a name, and how Maven brings them.
pub(crate) struct MavenArtifact {
    /// `<artifact>-<version>`, the folder in the cache.
    name: &'static str,
    contents: Contents,
}

/// group, artifact, version.
type Coordinates = (&'static str, &'static str, &'static str);

enum Contents {
    /// Jars that a generated POM depends on; the first is the server, the others what it needs beside it.
    Jars(&'static [Coordinates]),
    /// An archive by its coordinates, unpacked.
    Archive(&'static str),
}

/// The broker, its command-line tools, and the log binding its own archive ships but its POM
/// does not name (without it a broker logs nothing and an error has no reason).
pub(crate) const KAFKA: MavenArtifact = MavenArtifact {
    name: "kafka_2.13-4.1.1",
    contents: Contents::Jars(&[
        ("org.apache.kafka", "kafka_2.13", "4.1.1"),
        ("org.apache.kafka", "kafka-tools", "4.1.1"),
        ("org.apache.logging.log4j", "log4j-slf4j-impl", "2.24.3"),
    ]),
};

/// The node.
pub(crate) const CASSANDRA: MavenArtifact = MavenArtifact {
    name: "cassandra-all-5.0.6",
    contents: Contents::Jars(&[("org.apache.cassandra", "cassandra-all", "5.0.6")]),
};

/// The schema registry: an archive of a whole application. 3.0 is the last line that runs on Java 17.
pub(crate) const REGISTRY: MavenArtifact = MavenArtifact {
    name: "apicurio-registry-app-3.0.9",
    contents: Contents::Archive("io.apicurio:apicurio-registry-app:3.0.9:tar.gz:all"),
};

/// Whether everything was fetched already.
pub(crate) fn all_cached() -> bool {
    [KAFKA, CASSANDRA, REGISTRY].iter().all(|artifact| artifact.folder().is_dir())
}

impl MavenArtifact {
    fn folder(&self) -> PathBuf {
        cache().join(self.name)
    }

    /// The folder of its files, fetched if it is not there yet.
    pub(crate) fn fetch(&self) -> Result<PathBuf, ClusterError> {
        let folder = self.folder();
        if folder.is_dir() {
            return Ok(folder);
        }
        fs::create_dir_all(cache()).map_err(ClusterError::io("create", cache()))?;
        let lock_path = cache().join(format!("{}.lock", self.name));
        let lock = File::create(&lock_path).map_err(ClusterError::io("create", &lock_path))?;
        // Held until the function returns; the kernel unlocks it for a process that dies.
        lock.lock().map_err(ClusterError::io("lock", &lock_path))?;
        if !folder.is_dir() {
            self.bring(&folder)?;
        }
        Ok(folder)
    }

    fn bring(&self, folder: &Path) -> Result<(), ClusterError> {
        let scratch = tempfile::tempdir_in(cache()).map_err(ClusterError::io("create in", cache()))?;
        let files = scratch.path().join("files");
        let mut maven = Command::new("mvn");
        maven.args(["--quiet", "--batch-mode"]).current_dir(scratch.path());
        match self.contents {
            Contents::Jars(dependencies) => {
                let pom = scratch.path().join("pom.xml");
                fs::write(&pom, self.pom(dependencies)).map_err(ClusterError::io("write", &pom))?;
                maven.args(["dependency:copy-dependencies", "-DincludeScope=runtime"]);
            }
            Contents::Archive(coordinates) => {
                maven.arg("dependency:unpack").arg(format!("-Dartifact={coordinates}"));
            }
        }
        maven.arg(format!("-DoutputDirectory={}", files.display()));
        run("mvn", maven, MAVEN_WITHIN)
            .map_err(|why| ClusterError::Fetch { what: self.name.into(), why: why.to_string() })?;
        // The folder appears whole or not at all.
        fs::rename(&files, folder).map_err(ClusterError::io("rename to", folder))
    }

    fn pom(&self, dependencies: &[Coordinates]) -> String {
        let dependencies: String = dependencies
            .iter()
            .map(|(group, artifact, version)| {
                format!(
                    "<dependency><groupId>{group}</groupId><artifactId>{artifact}</artifactId>\
                     <version>{version}</version></dependency>\n"
                )
            })
            .collect();
        format!(
            "<project><modelVersion>4.0.0</modelVersion><groupId>local</groupId>\
             <artifactId>{}</artifactId><version>1</version><packaging>pom</packaging>\n\
             <dependencies>\n{dependencies}</dependencies></project>\n",
            self.name
        )
    }
}

/// `target/cluster-cache` of this workspace: `cargo clean` takes it along.
pub(crate) fn cache() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/cluster-cache"))
}
