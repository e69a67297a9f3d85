//! The same life of a page with the bucket in S3 and the catalog in PostgreSQL.

use anyhow::{Result, ensure};
use tests::{
    program,
    s3::{BUCKET, S3},
    samples,
    site::Site,
};

#[path = "../../services/catalog/tests/suite/postgres.rs"]
mod postgres;

#[test]
fn a_page_lives_the_same_life_in_s3_and_postgresql() -> Result<()> {
    let s3 = S3::start()?;
    let database = postgres::Server::start();
    let store = format!("s3://{BUCKET}/archive");
    let mut site = Site::start_with(1, &["--store", &store, "--catalog", &database.database()], s3.environment())?;
    let station = site.token("technician")?;
    site.import(&station, &[samples::path("discharge-summary.tif")], &["--patient", samples::MRN])?;
    ensure!(site.caller("searcher")?.search("pleuritic")?.len() == 1, "found");

    // Killed and started again, it goes on where it was.
    site.kill_server()?;
    site.restart()?;
    site.import(&station, &[samples::path("discharge-summary.tif")], &["--patient", samples::MRN])?;
    ensure!(site.caller("searcher")?.search("physiotherapy")?.len() == 1, "found once");

    let output = program::command("chartroom-verify")?
        .args(["--store", &store, "--key"])
        .arg(site.log_key())
        .envs(s3.environment())
        .output()?;
    program::succeed("chartroom-verify", output)?;
    Ok(())
}
