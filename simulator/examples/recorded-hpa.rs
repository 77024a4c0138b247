//! `recorded-hpa FILE`: how far the model of the HPA is from one that was recorded on a cluster, in Markdown. Fails when
//! they do something else.

use std::error::Error;
use std::fs::File;

use hubbub_simulator::Recorded;

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("please say which recording")?;
    let error = Recorded::from_csv(File::open(path)?)?.compare()?;
    println!("{error}");
    if error.is_small() { Ok(()) } else { Err("the model does something else than the HPA did".into()) }
}
