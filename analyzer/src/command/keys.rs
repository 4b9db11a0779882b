//! `portcullis keys`: works on the store itself, beside a running service or without one.

use super::CommandError;
use super::date::date;
use crate::cli::{KeysCommand, PlaceArgs};
use crate::clock::Clock;
use crate::config;
use crate::key::{Key, Role};
use crate::store::{Access, KeyRow, Place, Revocation, Store};
use std::io::{self, Write as _};

pub(super) fn run(command: KeysCommand) -> Result<(), CommandError> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(CommandError::Runtime)?;
    runtime.block_on(async {
        match command {
            KeysCommand::Add { role, name, place } => add(role, &name, &place).await,
            KeysCommand::List { place } => list(&place).await,
            KeysCommand::Revoke { id, place } => revoke(&id, &place).await,
        }
    })
}

async fn add(role: Role, name: &str, place: &PlaceArgs) -> Result<(), CommandError> {
    let config = config::load(place.config.as_deref(), place.overrides())?;
    let place = Place::enter(&config, Access::Add)?;
    let whose = place.to_string();
    let store = Store::open(place).await?;
    let key = Key::mint(role)?;
    store.add_key(&key, name, Clock::system().now_ms()).await?;
    store.close().await;
    print(&key.reveal()).map_err(CommandError::Output)?;
    eprintln!(
        "portcullis: added the {} key {} for the service whose data is {whose}; it cannot be shown again",
        role.label(),
        key.id()
    );
    Ok(())
}

async fn list(place: &PlaceArgs) -> Result<(), CommandError> {
    let store = open(place, Access::Existing).await?;
    let keys = store.keys().await?;
    store.close().await;
    let lines: Vec<_> = std::iter::once(line("ID", "ROLE", "CREATED", "REVOKED", "NAME"))
        .chain(keys.iter().map(key_line))
        .collect();
    print(&lines.join("\n")).map_err(CommandError::Output)
}

async fn revoke(id: &str, place: &PlaceArgs) -> Result<(), CommandError> {
    let store = open(place, Access::Existing).await?;
    let revocation = store.revoke_key(id, Clock::system().now_ms()).await?;
    store.close().await;
    match revocation {
        Revocation::Revoked => eprintln!("portcullis: revoked the key {id}"),
        Revocation::Already => eprintln!("portcullis: the key {id} was revoked before"),
        Revocation::Unknown => return Err(CommandError::UnknownKey(id.escape_default().to_string())),
    }
    Ok(())
}

async fn open(place: &PlaceArgs, access: Access) -> Result<Store, CommandError> {
    let config = config::load(place.config.as_deref(), place.overrides())?;
    Ok(Store::open(Place::enter(&config, access)?).await?)
}

fn key_line(key: &KeyRow) -> String {
    let revoked = key.revoked_ms.map_or_else(|| "-".to_owned(), date);
    line(&key.id, key.role.label(), &date(key.created_ms), &revoked, &key.name)
}

fn line(id: &str, role: &str, created: &str, revoked: &str, name: &str) -> String {
    format!("{id:<12}  {role:<8}  {created:<20}  {revoked:<20}  {name}").trim_end().to_owned()
}

fn print(text: &str) -> io::Result<()> {
    let mut output = io::stdout().lock();
    writeln!(output, "{text}")?;
    output.flush()
}
