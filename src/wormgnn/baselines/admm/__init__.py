"""Asymmetric diffusion map modelling after Brennan and Proekt 2019 (eLife 8:e46814)."""

from wormgnn.baselines.admm.model import Model, fit
from wormgnn.baselines.admm.parameters import Parameters

__all__ = ["Model", "Parameters", "fit"]
