"""A decoder of behaviour for any set of named neurons, in the conventions of scikit-learn.

Two kinds of linear decoders (multinomial logistic regressions) share the work.

The *local* one of a laboratory reads each neuron's z-scored trace and its derivative. On worms of
that laboratory it is the better one; elsewhere the slow part of the traces misleads it.

The *general* one reads traces without their slow part: minus their running mean over 8, 20 and 40
seconds (three decoders, whose log-odds are averaged), with the derivative. It learns from all
laboratories.

Which of the two decodes a recording, the recording itself decides, without labels: the local one
if its leading mode of activity points where that of the laboratory's next worm is expected to
(`Trust`): Kato's decoder reads little else.

Neurons that a recording lacks count as zero, the mean of every feature; a strong penalty spreads
the weight over neurons, so that few are missed much.
"""

from wormgnn.decoder.behaviour import BANDS_S, UNSURE, BehaviourDecoder, Trust
from wormgnn.decoder.recordings import as_recording, labels, scores

__all__ = [
    "BANDS_S",
    "UNSURE",
    "BehaviourDecoder",
    "Trust",
    "as_recording",
    "labels",
    "scores",
]
