//! What holds for every endpoint, proved for every row of the route table: its number of queries is fixed, whatever there is;
//! lists page both ways through the same set; every answer is what its description says;
//! who may not is refused in the right shape, so are wrong values, and nothing changes.
//!
//! A route that is in none of the scripts of [`calls`] fails the proof.

mod calls;
mod description;
mod entities;
mod paging;
mod particulars;
mod queries;
mod refusals;
mod world;
mod wrong_values;
