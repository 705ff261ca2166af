"""The demands of the standards on event logs, after their published schemas: XES (IEEE 1849-2016), OCEL 2.0."""

from __future__ import annotations

from typing import Any

XES = """
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns="http://www.xes-standard.org/"
    targetNamespace="http://www.xes-standard.org/" elementFormDefault="qualified">
  <xs:group name="attributes"><xs:choice>
    <xs:element name="string"><xs:complexType><xs:attributeGroup ref="keyed"/>
      <xs:attribute name="value" type="xs:string" use="required"/></xs:complexType></xs:element>
    <xs:element name="date"><xs:complexType><xs:attributeGroup ref="keyed"/>
      <xs:attribute name="value" type="xs:dateTime" use="required"/></xs:complexType></xs:element>
    <xs:element name="int"><xs:complexType><xs:attributeGroup ref="keyed"/>
      <xs:attribute name="value" type="xs:long" use="required"/></xs:complexType></xs:element>
    <xs:element name="boolean"><xs:complexType><xs:attributeGroup ref="keyed"/>
      <xs:attribute name="value" type="xs:boolean" use="required"/></xs:complexType></xs:element>
  </xs:choice></xs:group>
  <xs:attributeGroup name="keyed"><xs:attribute name="key" type="xs:Name" use="required"/></xs:attributeGroup>
  <xs:complexType name="attributed"><xs:group ref="attributes" minOccurs="0" maxOccurs="unbounded"/></xs:complexType>
  <xs:element name="log"><xs:complexType>
    <xs:sequence>
      <xs:element name="extension" minOccurs="0" maxOccurs="unbounded"><xs:complexType>
        <xs:attribute name="name" type="xs:NCName" use="required"/>
        <xs:attribute name="prefix" type="xs:NCName" use="required"/>
        <xs:attribute name="uri" type="xs:anyURI" use="required"/></xs:complexType></xs:element>
      <xs:element name="global" minOccurs="0" maxOccurs="unbounded"><xs:complexType><xs:complexContent>
        <xs:extension base="attributed"><xs:attribute name="scope" type="xs:NCName"/></xs:extension>
        </xs:complexContent></xs:complexType></xs:element>
      <xs:element name="classifier" minOccurs="0" maxOccurs="unbounded"><xs:complexType>
        <xs:attribute name="name" type="xs:NCName" use="required"/>
        <xs:attribute name="scope" type="xs:NCName"/>
        <xs:attribute name="keys" type="xs:token" use="required"/></xs:complexType></xs:element>
      <xs:group ref="attributes" minOccurs="0" maxOccurs="unbounded"/>
      <xs:element name="trace" minOccurs="0" maxOccurs="unbounded"><xs:complexType><xs:sequence>
        <xs:group ref="attributes" minOccurs="0" maxOccurs="unbounded"/>
        <xs:element name="event" type="attributed" minOccurs="0" maxOccurs="unbounded"/>
        </xs:sequence></xs:complexType></xs:element>
    </xs:sequence>
    <xs:attribute name="xes.version" type="xs:decimal" use="required"/>
    <xs:attribute name="xes.features" type="xs:token"/>
  </xs:complexType></xs:element>
</xs:schema>
"""
"""The order of what stands in a log, the keys, and the kinds of values (as far as they are used here)."""


def _listed(properties: dict[str, Any], *required: str) -> dict[str, Any]:
    return {"type": "array", "items": {"type": "object", "required": [*required], "properties": properties}}


_TEXT: dict[str, Any] = {"type": "string"}
_MOMENT = {"type": "string", "format": "date-time"}
_TYPES = _listed(
    {
        "name": _TEXT,
        "attributes": _listed(
            {"name": _TEXT, "type": {"enum": ["string", "time", "integer", "float", "boolean"]}}, "name", "type"
        ),
    },
    "name",
    "attributes",
)
_RELATIONS = _listed({"objectId": _TEXT, "qualifier": _TEXT}, "objectId", "qualifier")
OCEL = {
    "type": "object",
    "required": ["objectTypes", "eventTypes", "objects", "events"],
    "properties": {
        "objectTypes": _TYPES,
        "eventTypes": _TYPES,
        "objects": _listed(
            {
                "id": _TEXT,
                "type": _TEXT,
                "attributes": _listed({"name": _TEXT, "value": _TEXT, "time": _MOMENT}, "name", "value", "time"),
                "relationships": _RELATIONS,
            },
            "id",
            "type",
        ),
        "events": _listed(
            {
                "id": _TEXT,
                "type": _TEXT,
                "time": _MOMENT,
                "attributes": _listed({"name": _TEXT, "value": _TEXT}, "name", "value"),
                "relationships": _RELATIONS,
            },
            "id",
            "type",
            "time",
        ),
    },
}
"""The schema of JSON: all values of attributes are text, whatever type is declared for them."""
