//! The service's API from the command line: a key, a URL, and what a refusal means.

use super::CommandError;
use crate::cli::ApiArgs;
use reqwest::{Certificate, Client, Method, RequestBuilder};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::time::Duration;

const URL: &str = "http://127.0.0.1:9470";
const PATIENCE: Duration = Duration::from_secs(30);

/// A service that can be asked.
#[derive(Debug)]
pub(super) struct Api {
    client: Client,
    url: String,
    key: String,
}

impl Api {
    pub(super) fn of(arguments: &ApiArgs) -> Result<Self, CommandError> {
        let key = match &arguments.key_file {
            Some(path) => std::fs::read_to_string(path)
                .map_err(|source| CommandError::Input { path: path.clone(), source })?,
            None => std::env::var("PORTCULLIS_KEY").unwrap_or_default(),
        };
        let key = key.trim().to_owned();
        if key.is_empty() {
            let how =
                "no key: set PORTCULLIS_KEY or --key-file; `portcullis keys add --role operator` makes one";
            return Err(CommandError::Usage(how.to_owned()));
        }
        let named = arguments.url.clone().or_else(|| std::env::var("PORTCULLIS_URL").ok());
        let url = named.unwrap_or_else(|| URL.to_owned()).trim_end_matches('/').to_owned();
        crate::tls::begin();
        let named = arguments.ca.clone().or_else(|| std::env::var_os("PORTCULLIS_CA").map(PathBuf::from));
        let builder = match named {
            Some(path) => Client::builder().tls_certs_only(issuers(&path)?),
            None => Client::builder(),
        };
        let client = builder.timeout(PATIENCE).build().map_err(|error| failed(&url, &error))?;
        Ok(Self { client, url, key })
    }

    pub(super) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.url)).header("x-api-key", &self.key)
    }

    /// The answer, where it is one of success; else what the service said.
    pub(super) async fn send(&self, request: RequestBuilder) -> Result<Value, CommandError> {
        let response = request.send().await.map_err(|error| failed(&self.url, &error))?;
        let status = response.status();
        let text = response.text().await.map_err(|error| failed(&self.url, &error))?;
        let value: Option<Value> = serde_json::from_str(&text).ok();
        if status.is_success() {
            return value.ok_or_else(|| CommandError::Api(format!("{}: the answer is no JSON", self.url)));
        }
        let detail = value.as_ref().and_then(|value| value.get("detail")).and_then(Value::as_str);
        Err(CommandError::Api(format!("{status}: {}", detail.unwrap_or("no more was said"))))
    }
}

/// Whose word on the service's certificate is taken, out of a PEM file.
fn issuers(path: &Path) -> Result<Vec<Certificate>, CommandError> {
    let pem = std::fs::read(path).map_err(|source| CommandError::Input { path: path.to_owned(), source })?;
    match Certificate::from_pem_bundle(&pem) {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        Ok(_) | Err(_) => {
            Err(CommandError::Usage(format!("--ca: {} has no certificate in PEM", path.display())))
        }
    }
}

fn failed(url: &str, error: &reqwest::Error) -> CommandError {
    let cause = std::iter::successors(Some(error as &dyn std::error::Error), |error| error.source()).last();
    let cause = cause.map(ToString::to_string).unwrap_or_default();
    CommandError::Api(format!("cannot ask {url}: {cause}; is `portcullis serve` running there?"))
}
