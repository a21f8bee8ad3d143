"""Element types of the outputs of a step that has several: Beam takes a type for the main one alone."""

from __future__ import annotations

from typing import Any

import apache_beam as beam
from apache_beam.typehints.native_type_compatibility import convert_to_beam_type


def of_type(collection: beam.PCollection, element: Any) -> beam.PCollection:
    """Say what a collection's elements are, so that they get their coder.

    Args:
        collection: the collection.
        element: the elements' type, as Python writes it.

    Returns:
        The collection.
    """
    collection.element_type = convert_to_beam_type(element)
    return collection
