//! The port's card analyser: captures are analysed on threads of a low priority (`picture-pool`). Not here: what
//! analysing is (`analysis`).

use async_trait::async_trait;
use domain::ports::{CardAnalyser, CardAnalyserError, CardAnalysis, CardCapture};
use picture_pool::{PicturePool, PoolError, PoolPriority};

use crate::analysis::analyse;

/// Analyses captures on threads of its own. Dropped, it lets go of them: each ends after the capture it is at.
pub struct CardAnalyserPool {
    pool: PicturePool<Result<CardAnalysis, CardAnalyserError>>,
}

impl CardAnalyserPool {
    /// Starts the threads, at least one; so many captures may wait, at least one.
    ///
    /// # Errors
    /// The system gave no thread.
    pub fn start(threads: usize, waiting: usize) -> std::io::Result<Self> {
        Ok(Self { pool: PicturePool::start("card", PoolPriority::Awaited, threads, waiting)? })
    }
}

#[async_trait]
impl CardAnalyser for CardAnalyserPool {
    async fn analyse(&self, capture: CardCapture) -> Result<CardAnalysis, CardAnalyserError> {
        match self.pool.run(move || analyse(&capture)).await {
            Ok(analysed) => analysed,
            Err(PoolError::Full) => Err(CardAnalyserError::Full),
            Err(PoolError::Broken) => Err(CardAnalyserError::Broken),
        }
    }
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;

    #[tokio::test]
    async fn what_is_wrong_with_a_capture_comes_back_through_the_pool() {
        let pool = CardAnalyserPool::start(1, 4).expect("a thread");
        let capture = CardCapture {
            frames: vec![Zeroizing::new(b"GIF89a".to_vec())],
            frame_times_ms: None,
            color_times_ms: None,
            colors: Vec::new(),
            hold_ms: Vec::new(),
            client_means: Vec::new(),
        };
        let refused = pool.analyse(capture).await;
        assert_eq!(refused, Err(CardAnalyserError::Undecodable { frame: 0 }));
    }
}
