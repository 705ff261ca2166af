// The page that documents the HTTP interface, from this server only.
import "swagger-ui-dist/swagger-ui.css";
import SwaggerUI from "swagger-ui-dist/swagger-ui-es-bundle.js";

const root = document.getElementById("api-docs");
SwaggerUI({ domNode: root, url: root.dataset.url, validatorUrl: null, deepLinking: true });
root.dataset.ready = "";
