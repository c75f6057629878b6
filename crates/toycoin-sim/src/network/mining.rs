//! Simulated proof of work: the time at which a block is found is drawn, and its nonce is then searched for.

use toycoin_node::protocol::{Input, JobId, MiningJob};

use crate::{
    adversary::is_private,
    network::{
        Fact, Happening, Network,
        search::{Search, solve_header},
    },
};

impl Network {
    /// Begins a search. Its duration is memoryless, so a renewed template may draw a new one.
    pub(crate) fn search(&mut self, node: usize, job: MiningJob) {
        self.stop_search(node);
        if self.finds == Some(node) {
            self.nodes[node].search = Some(Box::new(Search { job, place: None }));
            return;
        }
        let site = &self.nodes[node];
        let rate = site.rate_for(&job.header, self.now) * self.hashes_a_share;
        let work = job.header.bits.to_target().map_or(f64::INFINITY, |target| target.work().to_f64());
        let mean = std::time::Duration::try_from_secs_f64(work / rate).ok();
        let place = mean.map(|mean| {
            let takes = self.dice.mining.exponential(mean);
            self.queue.push(self.now + takes, Happening::Found { node, job: job.id })
        });
        self.nodes[node].search = Some(Box::new(Search { job, place }));
    }

    /// Plans when hash rates change.
    pub(crate) fn plan_hash_rates(&mut self) {
        for (node, site) in self.nodes.iter().enumerate() {
            for (at, _) in &site.hash_plan {
                self.queue.push(*at, Happening::NewHashRate { node });
            }
        }
    }

    pub(crate) fn stop_search(&mut self, node: usize) {
        if let Some(place) = self.nodes[node].search.take().and_then(|search| search.place) {
            self.queue.remove(place);
        }
    }

    /// Draws a new duration after the hash rate has changed.
    pub(crate) fn search_again(&mut self, node: usize) {
        if let Some(search) = &self.nodes[node].search {
            self.search(node, search.job);
        }
    }

    /// Completes a block that a node's search found.
    ///
    /// The search has no memory, so it makes no difference when its template is renewed: the node makes a fresh one now
    /// ([`Input::Refresh`]), and none at intervals. The bits follow from the parent, and so does the drawn duration.
    pub(crate) fn found(&mut self, node: usize, job: JobId) {
        if self.nodes[node].search.as_ref().is_none_or(|search| search.job.id != job) {
            return;
        }
        self.finds = Some(node);
        self.node_input(node, Input::Refresh);
        self.finds = None;
        // a node that waits for something by now finds nothing
        let Some(job) = self.nodes[node].search.take().map(|search| search.job) else { return };
        let header = solve_header(job.header);
        if is_private(job.id) {
            // no machine says so
            self.mined_at.insert(header.hash(), (self.now, node));
            self.statistics.blocks_mined += 1;
        }
        self.fates.found(node, &header, self.now);
        self.see(|| Fact::Found { node, hash: header.hash(), header });
        self.node_input(node, Input::Mined { job: job.id, nonce: header.nonce });
    }
}
