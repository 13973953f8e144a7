"""Forms drawn from the shapes: what a record of a class holds, in which order, with which words, and what it may hold.

Nothing of a form is written here: a property shape that is added to `ontology/shapes.ttl` is a field. Several shapes of
one property make one field; what only softens or sharpens it (a wish, a limit) adds to it. A shape over several
properties, such as “a year or a date”, is a demand on the form as a whole.
"""

from hrc_graph.forms.drawing import form
from hrc_graph.forms.fields import Choice, Demand, Editor, Fault, Field, Filled, Form, Group, Rule

__all__ = ["Choice", "Demand", "Editor", "Fault", "Field", "Filled", "Form", "Group", "Rule", "form"]
