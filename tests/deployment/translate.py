"""Prints template.yaml as AWS would see it: SAM's transform applied, as JSON.

Uses the translator that the pinned aws-sam-cli brings, and asks no account for anything. The functions' code is not built
here: the place of each package is a stand-in, since the translator insists on one in a bucket.
"""

import json
import sys

from samcli.yamlhelper import yaml_parse
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

with open(sys.argv[1], encoding="utf-8") as file:
    template = yaml_parse(file.read())

for resource in template["Resources"].values():
    if resource["Type"] == "AWS::Serverless::Function":
        resource["Properties"]["CodeUri"] = "s3://packages/function.zip"

parameters = {name: str(given.get("Default", "")) for name, given in template["Parameters"].items()}
parameters.update({"AWS::Region": "us-east-1", "AWS::Partition": "aws", "AWS::StackName": "multitask"})
translated = Translator({}, Parser()).translate(template, parameters)
json.dump(translated, sys.stdout, indent=1)
