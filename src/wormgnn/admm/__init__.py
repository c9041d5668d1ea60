"""Asymmetric diffusion map modelling after Brennan and Proekt 2019 (eLife 8:e46814)."""

from wormgnn.admm.kernel import Parameters, embed_worm
from wormgnn.admm.model import Model, fit

__all__ = ["Model", "Parameters", "embed_worm", "fit"]
