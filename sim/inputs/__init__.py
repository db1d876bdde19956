"""Inputs: what users say in files, read and checked in one place."""
