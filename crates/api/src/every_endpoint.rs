//! What holds for every endpoint, proved for every row of the route table: its number of queries is fixed, whatever there is;
//! lists page both ways through the same set; who may not is refused in the right shape, and changes nothing.
//!
//! A route that is in none of the scripts of [`calls`] fails the proof.

mod calls;
mod paging;
mod queries;
mod refusals;
mod world;
