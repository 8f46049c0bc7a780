"""Tests: they mirror the packages, and hold what several of them share."""
