//! Boxes of successive frames to tracks.
