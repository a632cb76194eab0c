//! Which keys say nothing about the result: those that Darknet's parser (AlexeyAB's, `src/parser.c`) reads for training, tracking and display.
//! What a loader asks for itself need not stand here.

/// By section, what Darknet reads there.
const READ: &[(&[&str], &str)] = &[
    (&["convolutional", "conv"], "assisted_excitation angle grad_centr dot stream wait_stream"),
    (
        &["yolo"],
        "max show_details max_delta counters_per_class label_smooth_eps objectness_smooth iou_normalizer obj_normalizer cls_normalizer \
         delta_normalizer iou_loss iou_thresh_kind jitter resize focal_loss ignore_thresh truth_thresh iou_thresh random \
         track_history_size sim_thresh dets_for_track dets_for_show track_ciou_norm embedding_layer",
    ),
    (&["dropout"], "probability dropblock dropblock_size_rel dropblock_size_abs"),
    (&["route"], "stream wait_stream"),
    (
        &["net", "network"],
        "max_batches batch learning_rate learning_rate_min sgdr_cycle sgdr_mult momentum decay subdivisions time_steps track \
         augment_speed sequential_subdivisions try_fix_nan weights_reject_freq equidistant_point badlabels_rejection_percentage \
         num_sigmas_reject_badlabels ema_alpha use_cuda_graph loss_scale dynamic_minibatch optimized_memory workspace_size_limit_MB \
         adam B1 B2 eps max_crop min_crop flip blur gaussian_noise mixup cutmix mosaic mosaic_bound contrastive contrastive_jit_flip \
         contrastive_color unsupervised label_smooth_eps resize_step attention adversarial_lr max_chart_loss angle aspect saturation \
         exposure hue power policy burn_in step scale steps scales seq_scales gamma",
    ),
];

/// What it reads in any layer.
const ANYWHERE: &str =
    "show_receptive_field stopbackward clip onlyforward dont_update burnin_update train_only_bn learning_rate";

/// What its forks read, or older ones did, about the same things, in whatever section; the published cfgs are full of it.
const OTHERS: &str = "absolute batches_per_class classes_multipliers contrastive_neg_max dontsave horizontal_flip \
                      init_sequential_subdivisions letter_box_train lr_scale rewrite_bbox squared uc_normalizer weight_decay";

/// Whether `key` is about training, tracking or display in a section of this kind.
pub fn without_effect(kind: &str, key: &str) -> bool {
    let own = READ.iter().filter(|(kinds, _)| kinds.contains(&kind)).map(|(_, keys)| *keys);
    own.chain([ANYWHERE, OTHERS]).any(|keys| has(keys, key))
}

/// Whether `key` means something in any section at all: then it is no misspelling.
pub fn is_a_word(key: &str) -> bool {
    READ.iter().map(|(_, keys)| *keys).chain([ANYWHERE, OTHERS]).any(|keys| has(keys, key))
}

fn has(keys: &str, key: &str) -> bool {
    keys.split_whitespace().any(|known| known == key)
}

/// The one of `asked` that `key` is most likely a misspelling of: two letters exchanged, or one or two of them wrong, missing or too many.
pub fn meant<'a>(key: &str, asked: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let most = if key.len() < 5 { 1 } else { 2 };
    let near = asked.map(|known| (distance(key, known), known)).filter(|(d, known)| *d <= most && *d * 2 < known.len());
    near.min().map(|(_, known)| known)
}

/// Edits from one word to the other, an exchange of neighbours being one (the restricted Damerau-Levenshtein distance).
fn distance(a: &str, b: &str) -> usize {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut rows = vec![(0..=b.len()).collect::<Vec<usize>>()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let cost = usize::from(a[i - 1] != b[j - 1]);
            let mut least = (rows[i - 1][j] + 1).min(row[j - 1] + 1).min(rows[i - 1][j - 1] + cost);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn misspellings_are_near_and_words_are_not() {
        let asked = ["filters", "size", "stride", "pad", "groups", "activation", "batch_normalize"];
        for (key, word) in [
            ("fitlers", Some("filters")),
            ("stirde", Some("stride")),
            ("filter", Some("filters")),
            ("szie", Some("size")),
            ("batch_normalise", Some("batch_normalize")),
            ("bad", Some("pad")),
            ("beta1", None),
            ("max_chart_loss", None),
            ("x", None),
        ] {
            assert_eq!(meant(key, asked.into_iter()), word, "{key}");
        }
    }
}
